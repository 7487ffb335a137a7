"""Settings with which no request to a partner could be made: payments would wait until somebody looks."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

from backoffice.partner.addresses import AddressRefused, check_resolvable, parse_base_url
from backoffice.partner.coinmena.config import InvalidPrivateKey, load_private_key

PARTNER_ADDRESSES: Final = ("COINMENA_BASE_URL", "BITNOB_BASE_URL")
#: What is sent in headers, or signs them.
SENT_AS_TEXT: Final = ("COINMENA_PARTNER_ID", "BITNOB_CLIENT_ID", "BITNOB_CLIENT_SECRET")


def partners_can_be_asked() -> Iterator[CheckMessage]:
    """Report what keeps requests from being made at all."""
    yield from addresses_lead_somewhere()
    yield from key_signs()
    yield from texts_can_be_sent()


def addresses_lead_somewhere() -> Iterator[CheckMessage]:
    for name in PARTNER_ADDRESSES:
        try:
            check_resolvable(parse_base_url(getattr(settings, name)))
        except AddressRefused as trouble:
            yield Error(
                f"{name} cannot be called. {trouble}",
                hint="Write it as .env.example does, without path or blanks.",
                id="settings.E023",
            )


def key_signs() -> Iterator[CheckMessage]:
    try:
        load_private_key(settings.COINMENA_PRIVATE_KEY)
    except InvalidPrivateKey as trouble:
        yield Error(
            f"COINMENA_PRIVATE_KEY cannot sign. {trouble}",
            hint="Set the Ed25519 key whose public half CoinMENA has, best in a file (COINMENA_PRIVATE_KEY_FILE).",
            id="settings.E024",
        )


def texts_can_be_sent() -> Iterator[CheckMessage]:
    for name in SENT_AS_TEXT:
        text = getattr(settings, name)
        if not (text.isascii() and text.isprintable()):
            yield Error(
                f"{name} holds a character that no request can carry.",
                hint="Copy it again: only printable ASCII, without line breaks and invisible characters.",
                id="settings.E025",
            )


def host_of(name: str) -> str | None:
    """Return the host in a partner's address as it is looked up, however it is spelt; None where it is no URL or no
    name, which is reported by itself."""
    address: str = getattr(settings, name)
    try:
        host = urlsplit(address).hostname
        return host and host.encode("idna").decode().rstrip(".").lower()
    except ValueError:
        return None
