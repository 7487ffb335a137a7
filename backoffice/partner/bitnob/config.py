"""What the settings say about Bitnob, as one frozen value."""

from dataclasses import dataclass, field
from typing import Final

from backoffice.partner.addresses import parse_base_url

DEFAULT_DEADLINE_SECONDS: Final = 25.0
REQUESTS_PER_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class BitnobConfig:
    """Address and identity of our account.

    `environment` (``sandbox`` or ``live``) is what the credentials must turn out to be: Bitnob's address is the same
    for both and only the secret differs. Raises `AddressRefused` for an address no partner may have.
    """

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    environment: str
    requests_per_minute: int = REQUESTS_PER_MINUTE
    deadline_seconds: float = DEFAULT_DEADLINE_SECONDS

    def __post_init__(self) -> None:
        parse_base_url(self.base_url)
