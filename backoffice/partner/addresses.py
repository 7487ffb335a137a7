"""Which addresses a partner may have: https on the public internet, or anything on this machine's loopback.

The base URL comes from the settings only, and every path is joined to it; no answer and no user can name a host.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from backoffice.money import gettext_noop
from backoffice.partner.errors import InvalidIdentifier

_MAX_SEGMENT_LENGTH: Final = 200
_HOST: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_UNASKABLE = gettext_noop(
    "The partner cannot be asked about this identifier. Check it for missing or stray characters."
)


class AddressRefused(ValueError):
    """A partner address that breaks the rules; raised when the settings are read."""


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A checked partner address, as ``https://external-api.coinmena.com``."""

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port else "")

    @property
    def is_loopback(self) -> bool:
        """True for this machine itself, where the sandbox lives."""
        return is_loopback_host(self.host)


def parse_base_url(url: str) -> BaseUrl:
    """Return `url` checked: scheme, host and perhaps a port, nothing else; plain http for loopback only.

    Raises `AddressRefused`.
    """
    try:
        parts = urlsplit(url)
        base = BaseUrl(parts.scheme, parts.hostname or "", parts.port)
    except ValueError as error:
        raise AddressRefused("The partner's address is not a URL.") from error
    if (
        not base.host
        or parts.username
        or parts.password
        or parts.query
        or parts.fragment
        or parts.path not in ("", "/")
    ):
        raise AddressRefused("The partner's address is scheme and host only, for example https://partner.example.com.")
    if base.scheme != "https" and not (base.scheme == "http" and base.is_loopback):
        raise AddressRefused("The partner's address must begin with https://; plain http is for this machine only.")
    return base


def check_resolvable(base: BaseUrl) -> None:
    """Raises `AddressRefused` if no resolver could be asked for the host."""
    try:
        name = base.host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise AddressRefused("The host of the partner's address is not a name that can be looked up.") from error
    if not _HOST.fullmatch(name) and ":" not in name:
        raise AddressRefused("The host of the partner's address holds characters that no name has.")


def is_loopback_host(host: str) -> bool:
    """True if `host` names this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_connect(host: str, resolved: str) -> bool:
    """True if `resolved`, an address that `host` resolved to, is one a partner may have.

    A public name that resolves into a private range is how a request gets steered into our own network.
    """
    address = ipaddress.ip_address(resolved.partition("%")[0])
    return address.is_loopback if is_loopback_host(host) else address.is_global


def path_segment(identifier: str) -> str:
    """Return `identifier` percent-encoded as one path segment. Raises `InvalidIdentifier` for one that cannot be sent.

    ``.`` and ``..`` survive percent-encoding and would be folded away on the road, so they name nothing.
    """
    if identifier in ("", ".", "..") or len(identifier) > _MAX_SEGMENT_LENGTH:
        raise InvalidIdentifier(_UNASKABLE)
    try:
        return quote(identifier, safe="")
    except UnicodeEncodeError as error:
        raise InvalidIdentifier(_UNASKABLE) from error
