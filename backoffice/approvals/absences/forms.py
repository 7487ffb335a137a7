"""What is typed to hand over the decisions of somebody who is away."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person, Role
from backoffice.accounts.step_up import FactorForm
from backoffice.approvals.absences.policies import Absence
from backoffice.ui.filters import check_year

LONGEST_REASON = 500


class ManagerField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of the managers who work here."""

    def __init__(self, **kwargs: Any) -> None:
        managers = Person.objects.filter(role=Role.MANAGER, is_active=True).order_by("name", "id")
        super().__init__(queryset=managers, empty_label=_("Choose one"), **kwargs)


def day_field(label: Any, missing: Any, hint: Any = "") -> forms.DateField:
    """Return the field of one day."""
    return forms.DateField(
        label=label,
        help_text=hint,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        validators=[check_year],
        error_messages={"required": missing, "invalid": _("Write a day as 2026-11-19.")},
    )


class AbsenceForm(FactorForm):
    """Who is away, who decides meanwhile, and which whole days, in the zone of whoever types them."""

    #: As the page has them, so that mistakes are listed in that order; the code comes last.
    field_order = ["away", "stand_in", "first_day", "last_day", "reason"]

    away = ManagerField(label=_("Who is away"), error_messages={"required": _("Choose who is away.")})
    stand_in = ManagerField(
        label=_("Who decides for them"),
        error_messages={"required": _("Choose who decides meanwhile.")},
        help_text=_("Another manager. They decide in their own name as well, and count once."),
    )
    first_day = day_field(_("First day"), _("Choose the first day."))
    last_day = day_field(_("Last day"), _("Choose the last day."), _("Until the end of that day, in your time zone."))
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Optional. Seen by everybody who sees the list of absences."),
    )

    def __init__(self, *args: Any, by: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if by.is_manager:
            del self.fields["away"]
            self.fields["stand_in"].label = _("Who decides for you")
        stand_ins = self.fields["stand_in"]
        stand_ins.queryset = stand_ins.queryset.exclude(pk=by.pk)  # type: ignore[attr-defined]
        self.by = by

    def planned(self) -> Absence:
        """Return what a valid form asks for."""
        said = self.cleaned_data
        return Absence(
            away=said.get("away") or self.by,
            stand_in=said["stand_in"],
            begins_at=_midnight(said["first_day"]),
            ends_at=_midnight(said["last_day"] + timedelta(days=1)),
        )


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
