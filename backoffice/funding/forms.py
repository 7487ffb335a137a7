"""What people type to move money. Forms check what was typed; services enforce the rules; the database guards both."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from backoffice.clients.models import Asset, Client
from backoffice.funding import queries
from backoffice.funding.models import Kind, Operation
from backoffice.funding.policies import why_not_asset, why_not_client
from backoffice.money import AmountError, check_no_thousands
from backoffice.ui.fields import TypedAmountField, as_validation

LONGEST_REASON: Final = 500


class ClientField(forms.CharField):
    """A client by id, by "name, id" as the suggestions write it, or by a name that only one client has."""

    def clean(self, value: Any) -> Client:
        """Return the client.

        :raises ValidationError: when nobody, or more than one, is meant.
        """
        text = super().clean(value).strip()
        found = queries.clients_meant_by(text)
        if not found:
            raise ValidationError(_("There is no such client. Type the id, or choose one of the suggestions."))
        if len(found) > 1:
            raise ValidationError(_("More than one client has this name. Type the id instead."))
        return found[0]


class FundingForm(forms.Form):
    """A deposit, or the request for a withdrawal."""

    client = ClientField(
        label=_("Client"),
        max_length=300,
        widget=forms.TextInput(attrs={"list": "clients", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Say whose balance this is for.")},
    )
    asset = forms.CharField(label=_("Asset"), max_length=32, error_messages={"required": _("Choose an asset.")})
    amount = TypedAmountField(
        label=_("Amount"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "dir": "ltr"}),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("Seen by approvers and auditors. Not sent to the partner."),
        error_messages={"required": _("Say why, so that approvers and auditors understand it.")},
    )
    submission_token = forms.UUIDField(widget=forms.HiddenInput)
    copy_of = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    confirmed_equal = forms.BooleanField(label=_("Yes, this is another payment"), required=False)
    equal_shown = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, kind: Kind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["asset"].widget = forms.Select(choices=asset_choices(kind, self._typed("asset")))

    def _typed(self, name: str) -> str:
        return str(self.data.get(name, "") if self.is_bound else self.initial.get(name, ""))

    def meant_client(self) -> Client | None:
        """Return the client that is typed so far, fundable or not."""
        found = queries.clients_meant_by(self._typed("client").strip()[:300])
        return found[0] if len(found) == 1 else None

    def meant_asset(self) -> Asset | None:
        """Return the asset that is chosen so far."""
        typed = self._typed("asset")
        return Asset.objects.filter(asset_id=typed).first() if queries.can_be_stored(typed) else None

    def meant_original(self) -> Operation | None:
        """Return the operation that this one copies or tries again, if it names one."""
        typed = self._typed("copy_of")
        if not typed or not queries.can_be_stored(typed):
            return None
        return queries.operations().filter(reference=typed).first()

    def meant_amount(self) -> tuple[Decimal | None, str]:
        """Return the amount that is typed so far, or what is wrong with it; nothing typed is no fault."""
        typed = self._typed("amount")
        try:
            if not typed.strip():
                return None, ""
            amount = TypedAmountField().clean(typed)
            self._check_no_thousands(amount, self.meant_asset())
        except ValidationError as error:
            return None, error.messages[0]
        return amount, ""

    def _check_no_thousands(self, amount: Decimal | None, asset: Asset | None) -> None:
        try:
            if amount is not None and asset is not None:
                check_no_thousands(amount, asset.precision)
        except AmountError as error:
            raise as_validation(error) from error

    def clean_client(self) -> Client:
        client: Client = self.cleaned_data["client"]
        sentence = why_not_client(client)
        if sentence:
            raise ValidationError(sentence)
        return client

    def clean_asset(self) -> Asset:
        asset = Asset.objects.filter(asset_id=self.cleaned_data["asset"]).first()
        if asset is None:
            raise ValidationError(_("There is no such asset. Choose one of the list."))
        sentence = why_not_asset(asset, self.kind)
        if sentence:
            raise ValidationError(sentence)
        return asset

    def clean_copy_of(self) -> Operation | None:
        reference = self.cleaned_data["copy_of"]
        if not reference:
            return None
        original = queries.operations().filter(reference=reference).first()
        if original is None:
            raise ValidationError(_("The operation this copies does not exist."))
        return original

    def clean(self) -> dict[str, Any]:
        """Bind the tick to what stood beside it; refuse an amount that its asset leaves open to another reading."""
        cleaned = super().clean() or {}
        try:
            self._check_no_thousands(cleaned.get("amount"), cleaned.get("asset"))
        except ValidationError as error:
            self.add_error("amount", error)
        is_ticked, shown = cleaned.pop("confirmed_equal", False), cleaned.pop("equal_shown", "")
        return {**cleaned, "confirmed_shown": shown if is_ticked else ""}

    def ask_about(self, shown: str) -> None:
        """Ask once more, about what is equal now; all else stays as it was typed."""
        kept = {name: self.data[name] for name in self.data if name != "confirmed_equal"}
        self.data = {**kept, "equal_shown": shown}


def asset_choices(kind: str, typed: str) -> list[tuple[str, Any]]:
    """Return the assets open for ``kind`` first, then the others, which say why not when chosen.

    What was typed stays a choice, so that nothing a person chose is lost when the form comes back; nothing is chosen
    for anybody who has not funded in it before.
    """
    assets = list(Asset.objects.order_by("asset_id"))
    unchosen = [] if typed else [("", _("Choose one"))]
    usable = [(one.asset_id, label_of(one)) for one in assets if not why_not_asset(one, kind)]
    others = [(one.asset_id, label_of(one)) for one in assets if why_not_asset(one, kind)]
    if typed and typed not in {one.asset_id for one in assets}:
        others.append((typed, typed))
    closed = _("Not open for deposits") if kind == Kind.DEPOSIT else _("Not open for withdrawals")
    return [*unchosen, *usable, *([(str(closed), others)] if others else [])]


def label_of(asset: Asset) -> str:
    """Name an asset in the list: ``USD, US Dollar``."""
    return f"{asset.asset_id}, {asset.name}" if asset.name and asset.name != asset.asset_id else asset.asset_id


class ResumeForm(forms.Form):
    """Why money may flow again. ``halt`` names the halt that was shown: another one since is not resumed unread."""

    halt = forms.CharField(
        max_length=64,
        widget=forms.HiddenInput,
        error_messages={"required": _("Read the page again: it does not say which halt is to end.")},
    )

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        error_messages={"required": _("Say what was wrong and that it is put right.")},
    )
