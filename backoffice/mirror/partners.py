"""The two partners' clients, made from the settings and sharing one budget of requests among all processes."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_noop

from backoffice.mirror.limits import DatabaseBucket
from backoffice.partner.bitnob.client import BitnobClient
from backoffice.partner.bitnob.config import BitnobConfig
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.coinmena.config import CoinmenaConfig, load_private_key
from backoffice.partner.errors import PartnerError

#: The most a page waits for a fresh figure: after that it shows what the mirror has, and says so. In seconds.
PAGE_DEADLINE_SECONDS: Final = 4.0

#: CoinMENA documents no limit. This one stops a fault of ours from hammering it; nothing we do in earnest reaches it.
_COINMENA_BUDGET: Final = DatabaseBucket("coinmena", per_minute=24_000, burst=400, at_a_time=20)
_BITNOB_BURST: Final = 10

_NOT_OURS: Final = gettext_noop(
    "CoinMENA was not asked: these are not the settings of the last payment. A manager accepts them by resuming."
)
_KEEPERS: Final[list[Callable[[str], bool]]] = []


def coinmena(*, deadline_seconds: float | None = None) -> CoinmenaClient:
    """Return the client for our account at CoinMENA.

    :param deadline_seconds: the total time of one call; the settings' unless a page cannot wait that long.
    """
    return _coinmena(
        settings.COINMENA_BASE_URL,
        settings.COINMENA_PARTNER_ID,
        settings.COINMENA_PRIVATE_KEY,
        settings.COINMENA_SIGN_SEPARATOR,
        settings.COINMENA_SIGN_INCLUDE_QUERY,
        float(deadline_seconds or settings.COINMENA_DEADLINE_SECONDS),
    )


class AnotherAccount(PartnerError):
    """CoinMENA was not asked: with the settings of this process it would speak of another account than ours."""

    concerns_all = True


def keep_books(is_ours: Callable[[str], bool]) -> None:
    """Have ``is_ours`` asked about an environment before anything is read from it: an app above the mirror knows which
    one our payments were sent to."""
    _KEEPERS[:] = [is_ours]


def for_our_books(*, deadline_seconds: float | None = None) -> CoinmenaClient:
    """Return the client for whatever is kept as ours: lists, orders, balances, what a run compares.

    Orders of two accounts have the same numbers, and each says "not found" of the other's references.

    :raises AnotherAccount: when the settings are not those of our payments.
    """
    client = coinmena(deadline_seconds=deadline_seconds)
    if not all(is_ours(client.environment) for is_ours in _KEEPERS):
        raise AnotherAccount(_NOT_OURS)
    return client


def bitnob(*, deadline_seconds: float | None = None) -> BitnobClient:
    """Return the client for our account at Bitnob; it asks for nothing before the environment is confirmed."""
    return _bitnob(
        settings.BITNOB_BASE_URL,
        settings.BITNOB_CLIENT_ID,
        settings.BITNOB_CLIENT_SECRET,
        settings.BITNOB_ENVIRONMENT,
        settings.BITNOB_REQUESTS_PER_MINUTE,
        float(deadline_seconds or settings.COINMENA_DEADLINE_SECONDS),
    )


def forget_clients() -> None:
    """Make both clients anew at their next use, connections and confirmed environment included."""
    _coinmena.cache_clear()
    _bitnob.cache_clear()


# The settings' values are the keys of the caches: whoever changes a setting gets another client.


@lru_cache(maxsize=8)
def _coinmena(
    base_url: str, partner_id: str, private_key: str, separator: str, include_query: bool, deadline: float
) -> CoinmenaClient:
    config = CoinmenaConfig(
        base_url=base_url,
        partner_id=partner_id,
        private_key=load_private_key(private_key),
        separator=separator,
        include_query=include_query,
        deadline_seconds=deadline,
    )
    return CoinmenaClient(config, limiter=_COINMENA_BUDGET)


@lru_cache(maxsize=8)
def _bitnob(
    base_url: str, client_id: str, client_secret: str, environment: str, per_minute: int, deadline: float
) -> BitnobClient:
    config = BitnobConfig(
        base_url=base_url,
        client_id=client_id,
        client_secret=client_secret,
        environment=environment,
        requests_per_minute=per_minute,
        deadline_seconds=deadline,
    )
    return BitnobClient(config, limiter=DatabaseBucket("bitnob", per_minute=per_minute, burst=_BITNOB_BURST))
