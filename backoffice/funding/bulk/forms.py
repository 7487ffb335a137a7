"""The form that takes a file, and the one that takes the control figures from the person's own source."""

import re
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.funding.bulk.queries import Alike
from backoffice.funding.bulk.sums import COUNT, Total, differences, stored_totals
from backoffice.funding.fingerprint import equal_rows_fingerprint
from backoffice.funding.models import BulkFile
from backoffice.ui.fields import TypedAmountField

_COUNT: Final = re.compile(r"[0-9]{1,6}")


class TypedCountField(forms.CharField):
    """A number of rows in plain ASCII digits."""

    def clean(self, value: Any) -> int:
        """Return the number.

        :raises ValidationError: when nothing, or anything but digits, was typed.
        """
        text = str(super().clean(value)).strip()
        if not _COUNT.fullmatch(text):
            raise ValidationError(_("Type the number of rows in digits, for example 24."))
        return int(text)


class ControlForm(forms.Form):
    """How many rows, and how much of each type and asset, the person's own source says; all must agree exactly.

    ``equal`` is what stands beside the tick. A tick that was given beside anything else is taken out again.
    """

    count = TypedCountField(
        label=_("Number of rows"),
        error_messages={"required": _("Type how many rows your own list has.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "dir": "ltr"}),
    )

    def __init__(self, file: BulkFile, equal: list[Alike], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file, self.equal = file, equal
        self.named = {f"total_{place}": total for place, total in enumerate(stored_totals(file), 1)}
        for name, total in self.named.items():
            self.fields[name] = _amount_field(total)
        if equal:
            self._ask_about(equal_rows_fingerprint(file, equal))

    def _ask_about(self, shown: str) -> None:
        self.fields["equal_shown"] = forms.CharField(widget=forms.HiddenInput, initial=shown)
        self.fields["confirmed_equal"] = forms.BooleanField(
            label=_("Yes, these are other payments"),
            error_messages={"required": _("Confirm it, or discard the file.")},
        )
        if self.is_bound and self.data.get("equal_shown") != shown:
            kept = {name: self.data[name] for name in self.data if name != "confirmed_equal"}
            self.data = {**kept, "equal_shown": shown}

    def clean(self) -> dict[str, Any]:
        """Compare the figures; one that could not be read has its own sentence already."""
        cleaned = super().clean() or {}
        found = differences(self.file, cleaned.get(COUNT), self.totals)
        for name, key in [(COUNT, COUNT), *((name, total.key) for name, total in self.named.items())]:
            if key in found and name not in self.errors:
                self.add_error(name, found[key])
        return cleaned

    @property
    def confirmed_shown(self) -> str:
        """What the tick was given for; empty without one."""
        return str(self.cleaned_data["equal_shown"]) if self.cleaned_data.get("confirmed_equal") else ""

    @property
    def totals(self) -> dict[str, Decimal]:
        """What was typed, by `Total.key`."""
        typed = {total.key: self.cleaned_data.get(name) for name, total in self.named.items()}
        return {key: amount for key, amount in typed.items() if amount is not None}


def _amount_field(total: Total) -> TypedAmountField:
    label = gettext("Total of deposits, %(asset)s") if total.is_deposit else gettext("Total of withdrawals, %(asset)s")
    return TypedAmountField(
        label=label % {"asset": total.asset},
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "dir": "ltr"}),
    )
