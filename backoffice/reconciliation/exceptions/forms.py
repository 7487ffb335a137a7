"""What is asked before something is done to exceptions: one form for each act."""

from typing import Any, Final

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.reconciliation.exceptions.acting import MOST_AT_ONCE
from backoffice.reconciliation.exceptions.queries import workers
from backoffice.reconciliation.models import Severity

LONGEST_TEXT: Final = 2_000
LONGEST_TICKET: Final = 80
LONGEST_ADDRESS: Final = 500


class OwnerField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A person who works exceptions, or nobody."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Person.objects.none(), required=False, empty_label=_("Nobody"), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


def text_field(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=help_text,
        error_messages={"required": _("Say it in your own words.")},
    )


class ActForm(forms.Form):
    """Nothing is asked: the act speaks for itself."""


class AssignForm(ActForm):
    owner = OwnerField(label=_("Owner"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = workers()  # type: ignore[attr-defined]


class SeverityForm(ActForm):
    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices)


class NoteForm(ActForm):
    text = text_field(_("Note"))


class LinkForm(ActForm):
    address = forms.CharField(
        label=_("Address"),
        max_length=LONGEST_ADDRESS,
        validators=[RegexValidator(r"\Ahttps://[^\s]+\Z", _("Write a whole address that begins with https://."))],
    )
    text = forms.CharField(label=_("What it is"), max_length=200, required=False)


class TextForm(ActForm):
    text = text_field(_("Why"), _("Kept with each of them. Seen by managers and auditors."))


class TicketForm(ActForm):
    ticket = forms.CharField(label=_("The partner's ticket"), max_length=LONGEST_TICKET)
    text = text_field(_("What was said to the partner"))


class OperationForm(ActForm):
    reference = forms.CharField(
        label=_("Reference of the operation in review"), max_length=64, widget=forms.TextInput(attrs={"dir": "ltr"})
    )
    text = text_field(_("Why it is this one"))


class ChosenForm(forms.Form):
    """Which exceptions, and what is to be done: what the worklist sends."""

    act = forms.CharField(max_length=24)
    item = forms.TypedMultipleChoiceField(coerce=int)

    def __init__(self, data: Any, *, acts: Any) -> None:
        super().__init__(data)
        self.acts = acts
        self.ids = [int(text) for text in data.getlist("item") if text.isascii() and text.isdigit() and len(text) < 19]
        self.fields["item"].choices = [(one, one) for one in self.ids]  # type: ignore[attr-defined]

    @property
    def name(self) -> str:
        """What is to be done; empty for what nobody offers."""
        name = str(self.data.get("act", ""))
        return name if name in self.acts else ""

    @property
    def is_too_many(self) -> bool:
        return len(self.ids) > MOST_AT_ONCE
