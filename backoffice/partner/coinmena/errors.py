"""CoinMENA's refusals by code (https://docs.coinmena.com/docs/error-codes), each with what staff can do about it.

Decisions look at the code only: the partner may reword its messages at any time.
"""

from typing import Final

from backoffice.money import gettext_noop
from backoffice.partner.errors import PartnerRefused

DUPLICATE_REFERENCE_CODE: Final = 2020


class InvalidClient(PartnerRefused):
    """2008: no such client under our partner account."""


class ClientNotVerified(PartnerRefused):
    """2009: the client's status is not ``verified``."""


class ClientDeactivated(PartnerRefused):
    """2010: the client is not active."""


class InvalidAsset(PartnerRefused):
    """2012: the asset is not published, or cannot be deposited or withdrawn."""


class DuplicateReference(PartnerRefused):
    """2020: an order with this reference exists; it must be looked up, never sent under another reference."""


class InsufficientFunds(PartnerRefused):
    """3005: the client's available balance is below the amount."""


class QuoteExpired(PartnerRefused):
    """4008: a trade's quote is too old or was used."""


class Unauthorized(PartnerRefused):
    """401: signature, clock or address; the partner does not say which."""

    concerns_all = True


class OrderNotFound(PartnerRefused):
    """404: no such order, or one of another partner."""


_BY_CODE: Final[dict[int, type[PartnerRefused]]] = {
    2008: InvalidClient,
    2009: ClientNotVerified,
    2010: ClientDeactivated,
    2012: InvalidAsset,
    DUPLICATE_REFERENCE_CODE: DuplicateReference,
    3005: InsufficientFunds,
    4008: QuoteExpired,
    401: Unauthorized,
    404: OrderNotFound,
}

_SENTENCES: Final[dict[type[PartnerRefused], str]] = {
    InvalidClient: gettext_noop("CoinMENA does not know this client. Check the client's id."),
    ClientNotVerified: gettext_noop("CoinMENA has not verified this client yet. Complete the onboarding first."),
    ClientDeactivated: gettext_noop("This client is deactivated at CoinMENA. A manager can activate the client."),
    InvalidAsset: gettext_noop("CoinMENA does not take this asset here. Choose another one, or refresh the assets."),
    DuplicateReference: gettext_noop("CoinMENA already holds an order under this reference. It is being looked up."),
    InsufficientFunds: gettext_noop("The client's available balance at CoinMENA is lower than the amount."),
    QuoteExpired: gettext_noop("The quote has expired or was used already. Ask for a new one."),
    Unauthorized: gettext_noop("CoinMENA did not accept our signature, clock or address. Tell an administrator."),
    OrderNotFound: gettext_noop("CoinMENA has no such order under our account. Check the number or reference."),
}
_OTHER: Final = gettext_noop("CoinMENA refused this with code %(code)s: %(words)s")


def refusal_kind(status: int | None, code: int) -> type[PartnerRefused]:
    """Return the kind of refusal for a partner's code; for one that is in no list, the HTTP status decides."""
    return _BY_CODE.get(code) or _BY_CODE.get(status or 0, PartnerRefused)


def refusal_sentence(kind: type[PartnerRefused]) -> str:
    """Return the sentence for staff as a template; an unlisted refusal repeats the partner's code and words."""
    return _SENTENCES.get(kind, _OTHER)
