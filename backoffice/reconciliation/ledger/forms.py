"""The forms of the ledgers: a new one, how its columns are read, a file, and why one is withdrawn."""

from dataclasses import fields
from functools import lru_cache
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.clients.queries import asset_choices
from backoffice.reconciliation.ledger.mapping import (
    ASSET,
    COLUMNS,
    ISO,
    LABELS,
    NEEDED,
    TIME_FORMS,
    TYPE,
    Mapping,
    Words,
)
from backoffice.reconciliation.ledger.reading import ARABIC, BAR, COMMA, SEMICOLON, TAB, UTF_8, WESTERN, Layout
from backoffice.ui.upload_form import UploadForm

#: A tab does not survive a form's value, so separators go by name.
SEPARATOR_NAMES: Final = {"comma": COMMA, "semicolon": SEMICOLON, "tab": TAB, "bar": BAR}
SEPARATOR_LABELS: Final = (
    ("comma", _("Comma")),
    ("semicolon", _("Semicolon")),
    ("tab", _("Tab")),
    ("bar", _("Vertical bar")),
)
ENCODING_LABELS: Final = ((UTF_8, _("UTF-8")), (WESTERN, _("Windows, Western")), (ARABIC, _("Windows, Arabic")))
DECIMAL_LABELS: Final = ((".", _("Point: 1234.56")), (",", _("Comma: 1234,56")))
GROUPING_NAMES: Final = {"none": "", "comma": ",", "point": ".", "blank": " ", "apostrophe": "'"}
GROUPING_LABELS: Final = (
    ("none", _("None: 1234")),
    ("comma", _("Comma: 1,234")),
    ("point", _("Point: 1.234")),
    ("blank", _("Blank: 1 234")),
    ("apostrophe", _("Apostrophe: 1'234")),
)
SIGN_LABELS: Final = (
    ("plain", _("Every amount is more than zero; a column says the type")),
    ("signed", _("Withdrawals are negative")),
)
TIME_LABELS: Final = tuple((name, _("2026-11-18 or ISO 8601") if name == ISO else name) for name in TIME_FORMS)
WORD_LABELS: Final = {
    "deposit": _("Words for a deposit"),
    "withdrawal": _("Words for a withdrawal"),
    "completed": _("Words for completed"),
    "failed": _("Words for failed"),
}
_MOST_WORDS: Final = 20
_LONGEST_WORD: Final = 60


class LedgerForm(UploadForm):
    """A new ledger: its name, and a file of it to map the columns by."""

    name = forms.CharField(
        label=_("Name of the ledger"),
        max_length=80,
        error_messages={"required": _("Give it the name your team uses, for example Treasury book.")},
    )
    field_order = ["name", "file"]


class WithdrawForm(forms.Form):
    """Why a file counts no more."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        error_messages={"required": _("Say why: the reason stays with the file.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@lru_cache(maxsize=1)
def zones() -> tuple[tuple[str, str], ...]:
    """Every time zone there is, by name."""
    return tuple((name, name) for name in sorted(available_timezones()))


class WordsField(forms.CharField):
    """Words parted by commas."""

    def clean(self, value: Any) -> tuple[str, ...]:
        """Return the words as they were typed.

        :raises ValidationError: for too many, or for one that is too long.
        """
        words = tuple(dict.fromkeys(word.strip() for word in str(super().clean(value)).split(",") if word.strip()))
        if len(words) > _MOST_WORDS or any(len(word) > _LONGEST_WORD for word in words):
            raise forms.ValidationError(
                _("At most %(most)d words of at most %(long)d characters each.")
                % {"most": _MOST_WORDS, "long": _LONGEST_WORD}
            )
        return words


class MappingForm(forms.Form):
    """How the files of a ledger are read. The choices of columns are the headings of the file at hand."""

    separator = forms.ChoiceField(label=_("Separator"), choices=SEPARATOR_LABELS)
    encoding = forms.ChoiceField(label=_("Letters"), choices=ENCODING_LABELS)
    decimal_sign = forms.ChoiceField(label=_("Decimal sign"), choices=DECIMAL_LABELS)
    grouping = forms.ChoiceField(label=_("Mark between thousands"), choices=GROUPING_LABELS)
    sign = forms.ChoiceField(label=_("Sign of amounts"), choices=SIGN_LABELS)
    time_form = forms.ChoiceField(label=_("Form of times"), choices=TIME_LABELS)
    zone = forms.ChoiceField(label=_("Times are in"), choices=zones)
    asset = forms.ChoiceField(label=_("Asset of every line"), required=False)
    deposit = WordsField(label=WORD_LABELS["deposit"], required=False)
    withdrawal = WordsField(label=WORD_LABELS["withdrawal"], required=False)
    completed = WordsField(label=WORD_LABELS["completed"], required=False)
    failed = WordsField(label=WORD_LABELS["failed"], required=False)

    def __init__(self, headings: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("No column")), *((name, name) for name in dict.fromkeys(headings) if name)]
        for word in COLUMNS:
            self.fields[column_name(word)] = forms.ChoiceField(
                label=str(LABELS[word]),
                choices=choices,
                required=word in NEEDED,
                error_messages={"required": _("Say which column holds it.")},
            )
        self.fields["asset"].choices = [("", _("A column says it")), *asset_choices()]  # type: ignore[attr-defined]

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[column_name(word)] for word in COLUMNS]

    @property
    def word_fields(self) -> list[forms.BoundField]:
        return [self[one.name] for one in fields(Words)]

    def clean(self) -> dict[str, Any]:
        """Refuse a mapping that leaves the type, the asset or an amount open."""
        cleaned = super().clean() or {}
        chosen = [cleaned.get(column_name(word)) for word in COLUMNS if cleaned.get(column_name(word))]
        if len(set(chosen)) < len(chosen):
            self.add_error(None, _("One column stands for two things. Choose another one for each."))
        if not cleaned.get(column_name(TYPE)) and cleaned.get("sign") == "plain":
            self.add_error(column_name(TYPE), _("Say which column holds it, or that withdrawals are negative."))
        if bool(cleaned.get(column_name(ASSET))) == bool(cleaned.get("asset")):
            self.add_error("asset", _("Choose a column for the asset, or the asset of every line: one of the two."))
        if GROUPING_NAMES.get(cleaned.get("grouping", "")) == cleaned.get("decimal_sign"):
            self.add_error("grouping", _("This mark is the decimal sign already."))
        self._check_words(cleaned)
        return cleaned

    def _check_words(self, cleaned: dict[str, Any]) -> None:
        """A word means one thing, and a column that is mapped needs words for both."""
        for column, pair in (("type", ("deposit", "withdrawal")), ("status", ("completed", "failed"))):
            first, second = ({word.casefold() for word in cleaned.get(name) or ()} for name in pair)
            if first & second:
                self.add_error(pair[1], _("A word cannot mean both."))
            if cleaned.get(column_name(column)) and not first:
                self.add_error(pair[0], _("Say the words this ledger uses."))

    @property
    def mapping(self) -> Mapping:
        """The mapping the form says."""
        said = self.cleaned_data
        return Mapping(
            columns={word: said[column_name(word)] for word in COLUMNS if said[column_name(word)]},
            layout=Layout(SEPARATOR_NAMES[said["separator"]], said["encoding"]),
            decimal_sign=said["decimal_sign"],
            grouping=GROUPING_NAMES[said["grouping"]],
            is_signed=said["sign"] == "signed",
            time_form=said["time_form"],
            zone=said["zone"],
            asset=said["asset"],
            words=Words(**{one.name: said[one.name] for one in fields(Words)}),
        )


def column_name(word: str) -> str:
    """The name of the field that says which heading a word of ours is read from."""
    return f"column_{word}"


def initial_of(mapping: Mapping) -> dict[str, Any]:
    """What the form begins with."""
    return {
        **{column_name(word): heading for word, heading in mapping.columns.items()},
        "separator": name_of(SEPARATOR_NAMES, mapping.layout.separator),
        "encoding": mapping.layout.encoding,
        "decimal_sign": mapping.decimal_sign,
        "grouping": name_of(GROUPING_NAMES, mapping.grouping),
        "sign": "signed" if mapping.is_signed else "plain",
        "time_form": mapping.time_form,
        "zone": mapping.zone,
        "asset": mapping.asset,
        **{one.name: ", ".join(getattr(mapping.words, one.name)) for one in fields(Words)},
    }


def name_of(names: dict[str, str], value: str) -> str:
    return next(name for name, one in names.items() if one == value)
