"""What to reconcile: a day, or a window by its two moments, and perhaps one client."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.clients.models import Client
from backoffice.reconciliation.comparing.windows import Window, WindowRefused
from backoffice.reconciliation.models import LedgerSource
from backoffice.ui.filters import EARLIEST_YEAR, LATEST_YEAR

#: The buttons that stand for a day, by how many days it lies back.
PRESETS = {"today": 0, "yesterday": 1}


class ReconcileForm(forms.Form):
    """Days and moments are those of the person's zone.

    ``cleaned_data`` holds a `window`, a `client` or None for all, a `ledger` or None for our operations.
    """

    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    start = forms.DateTimeField(
        label=_("From"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})
    )
    end = forms.DateTimeField(
        label=_("To, not included"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
    )
    client = forms.CharField(
        label=_("Client"),
        required=False,
        max_length=128,
        help_text=_("An id such as user_12345, or empty for all clients."),
    )

    ledger = forms.ModelChoiceField(
        label=_("Compare CoinMENA with"),
        queryset=LedgerSource.objects.order_by("name"),
        required=False,
        empty_label=_("Our operations"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("day", timezone.localdate())

    def clean_client(self) -> Client | None:
        """Find the client by its id."""
        wanted = self.cleaned_data["client"]
        if not wanted:
            return None
        client = Client.objects.filter(partner_client_id=wanted).first()
        if client is None:
            raise ValidationError(_("There is no client with this id. Copy it from the client's page."))
        return client

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            cleaned["window"] = self.window(cleaned)
        return cleaned

    def window(self, cleaned: dict[str, Any]) -> Window:
        """The window that was meant. What of it lies ahead is cut off when the run begins.

        :raises ValidationError: with a sentence at the field to change.
        """
        preset, start, end = self.preset(), cleaned.get("start"), cleaned.get("end")
        is_between = not preset and bool(start or end)
        try:
            meant = between(start, end) if is_between else whole(preset or cleaned.get("day"))
            meant.until(timezone.now())
        except WindowRefused as error:
            raise ValidationError({"end" if is_between else "day": str(error)}) from error
        return meant

    def preset(self) -> date | None:
        days_back = PRESETS.get(self.data.get("preset", ""))
        return None if days_back is None else timezone.localdate() - timedelta(days=days_back)


def whole(day: date | None) -> Window:
    """One day of the person's zone.

    :raises ValidationError: with a sentence at the field.
    """
    if day is None:
        raise ValidationError({"day": _("Choose a day.")})
    if not is_possible(day):
        raise ValidationError({"day": _("Choose a day between the years 2000 and 2100.")})
    return Window.of_day(day, timezone.get_current_timezone())


def between(start: datetime | None, end: datetime | None) -> Window:
    """The window between two moments.

    :raises ValidationError: with a sentence at the field.
    """
    if start is None or end is None:
        missing = "start" if start is None else "end"
        raise ValidationError({missing: _("Give both ends of the window, or choose a day.")})
    if not is_possible(start.date()) or not is_possible(end.date()):
        raise ValidationError({"start": _("Choose a window between the years 2000 and 2100.")})
    return Window(start, end)


def is_possible(day: date) -> bool:
    return EARLIEST_YEAR <= day.year <= LATEST_YEAR
