"""The form of a new schedule."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.exports.models import Delivery, Every, Format
from backoffice.exports.schedules.periods import DUE_AT
from backoffice.exports.schedules.services import FOLDER
from backoffice.exports.schedules.wanted import day_filters
from backoffice.exports.wishes import Wish
from backoffice.exports.wording import preset_label


class ScheduleForm(forms.Form):
    """How often, which rows, in which columns and format, and where to."""

    every = forms.ChoiceField(choices=Every.choices, widget=forms.RadioSelect, label=gettext_lazy("How often"))
    day_filter = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=gettext_lazy("Which rows"))
    preset = forms.ChoiceField(widget=forms.RadioSelect, label=gettext_lazy("Columns"))
    format = forms.ChoiceField(choices=Format.choices, widget=forms.RadioSelect, label=gettext_lazy("Format"))
    delivery = forms.ChoiceField(widget=forms.RadioSelect, label=gettext_lazy("Where to"))
    folder = forms.RegexField(
        rf"\A(?:{FOLDER.pattern})\Z",  # Django's own validator only searches
        required=False,
        label=gettext_lazy("Folder"),
        help_text=gettext_lazy("Small letters, digits and hyphens. It is made where it is not there yet."),
        error_messages={"invalid": gettext_lazy("Use small letters, digits and hyphens, at most 40 of them.")},
    )

    def __init__(self, wish: Wish, said: QueryDict | None = None) -> None:
        by_day = day_filters(wish.export)
        initial = {
            "every": Every.DAY,
            "day_filter": next(iter(by_day), ""),
            "preset": wish.preset,
            "format": Format.CSV,
            "delivery": Delivery.MAIL,
            "folder": wish.export.name.replace("_", "-")[:40],
        }
        super().__init__(said, initial=initial)
        self.choices_of("day_filter", [*((name, rows_by(label)) for name, label in by_day.items()), ("", all_rows())])
        self.choices_of("preset", [(name, preset_label(name)) for name in wish.export.listing.columns.presets])
        with_folder = bool(settings.EXPORT_FOLDER)
        self.choices_of(
            "delivery", [(str(one), str(one.label)) for one in Delivery if with_folder or one is not Delivery.FOLDER]
        )
        if not with_folder:
            del self.fields["folder"]
        hours = _("At %(hour)s of the next day, %(zone)s.") % {
            "hour": f"{DUE_AT:%H:%M}",
            "zone": settings.COMPANY_TIME_ZONE,
        }
        self.fields["every"].help_text = hours

    def choices_of(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Give a field its choices; one alone is chosen already."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared so above
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Ask for a folder where one is needed, and forget it where none is."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("delivery") != Delivery.FOLDER:
            cleaned["folder"] = ""
            self.errors.pop("folder", None)
        elif not cleaned.get("folder") and "folder" not in self.errors:
            self.add_error("folder", _("Name the folder."))
        return cleaned


def rows_by(label: str) -> str:
    return _("Those of the day or month that has ended, by “%(filter)s”") % {"filter": label}


def all_rows() -> str:
    return _("Whatever the filter finds when the file is made")
