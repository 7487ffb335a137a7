"""What people type to stop money and to let it flow again."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.step_up import FactorForm
from backoffice.clients.models import Asset, Client
from backoffice.funding.forms import ClientField
from backoffice.funding.models import Scope

LONGEST_REASON: Final = 500
SCOPES: Final = (
    (Scope.EVERYTHING, _("Everything")),
    (Scope.MONEY_OUT, _("Money out: withdrawals only")),
    (Scope.ASSET, _("One asset, both ways")),
    (Scope.CLIENT, _("One client, both ways")),
)


class MaybeClientField(ClientField):
    """A client, or nobody where nobody is meant."""

    def clean(self, value: Any) -> Client | None:  # type: ignore[override]
        """Return the client; None where nothing was typed."""
        return super().clean(value) if str(value or "").strip() else None


class FreezeForm(forms.Form):
    """What is to be frozen, and why."""

    scope = forms.ChoiceField(
        label=_("What"),
        choices=SCOPES,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what is to be frozen.")},
    )
    asset = forms.ModelChoiceField(
        label=_("Asset"),
        queryset=Asset.objects.order_by("asset_id"),
        required=False,
        empty_label=_("Choose one"),
        help_text=_("Only for one asset."),
    )
    client = MaybeClientField(
        label=_("Client"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Only for one client: the id, or the whole name."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Seen by everybody whose payments are held."),
        error_messages={"required": _("Say why, so that others know when it can be released.")},
    )

    def clean(self) -> dict[str, Any]:
        """Keep what the scope names and forget the rest; ask for what it misses."""
        said: dict[str, Any] = super().clean() or {}
        scope = said.get("scope")
        for name, of_scope, missing in (
            ("asset", Scope.ASSET, _("Choose the asset to be frozen.")),
            ("client", Scope.CLIENT, _("Say which client is to be frozen.")),
        ):
            if scope != of_scope:
                said[name] = None
                self.errors.pop(name, None)
            elif said.get(name) is None and name not in self.errors:
                self.add_error(name, missing)
        return said


class ReleaseForm(FactorForm):
    """Why what is frozen may flow again."""

    #: As the page has them, so that mistakes are listed in that order; the code comes last.
    field_order = ["reason"]

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Seen by the manager who decides and by auditors."),
        error_messages={"required": _("Say why it may flow again.")},
    )
