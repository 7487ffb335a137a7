"""Keys that are not kept as keys: files that others may read, and keys that everybody knows (security.md S27)."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.checks import CheckMessage, Error

from backoffice.partner.coinmena.config import InvalidPrivateKey, load_private_key

#: The settings that open something. Each may be given in a file named by the same name with `_FILE` behind it.
KEYS: Final = (
    *("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "DATABASE_OWNER_URL", "COINMENA_PRIVATE_KEY"),
    *("BITNOB_CLIENT_SECRET", "OIDC_CLIENT_SECRET", "AUDIT_SEAL_KEY", "AUDIT_SEAL_FORMER_KEYS", "EMAIL_URL"),
)
#: The sandbox's keys stand in its own documentation.
SANDBOX_SEED: Final = bytes(range(32))
SANDBOX_SECRET: Final = "sandbox_"  # noqa: S105  (how the sandbox's secrets begin)
SHORTEST_SECRET_KEY: Final = 50


def kept_keys() -> Iterator[CheckMessage]:
    """Report every key that others can read or know."""
    yield from files_others_read()
    yield from keys_everybody_knows()


def files_others_read() -> Iterator[CheckMessage]:
    for name in KEYS:
        path = Path(os.environ.get(f"{name}_FILE", ""))
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            yield Error(
                f"{name}_FILE names a file that others on this machine can open.",
                hint="Give it to the product's own user with mode 0400.",
                id="settings.E015",
            )


def keys_everybody_knows() -> Iterator[CheckMessage]:
    """Where real money moves, no key of the sandbox; outside a demo, no short key of ours."""
    if settings.COINMENA_ENVIRONMENT == "live" and is_the_sandboxs(settings.COINMENA_PRIVATE_KEY):
        yield public_key("COINMENA_PRIVATE_KEY")
    if settings.BITNOB_ENVIRONMENT == "live" and settings.BITNOB_CLIENT_SECRET.startswith(SANDBOX_SECRET):
        yield public_key("BITNOB_CLIENT_SECRET")
    is_at_play = settings.DEBUG or settings.DEMO
    if not is_at_play and any(len(key) < SHORTEST_SECRET_KEY for key in (settings.SECRET_KEY, *fallbacks())):
        yield Error(
            f"SECRET_KEY is shorter than {SHORTEST_SECRET_KEY} characters.",
            hint="It signs sign-ins and seals second factors: take a long random text.",
            id="settings.E017",
        )


def is_the_sandboxs(key: str) -> bool:
    with suppress(InvalidPrivateKey):
        return load_private_key(key).private_bytes_raw() == SANDBOX_SEED
    return False


def fallbacks() -> list[str]:
    return list(settings.SECRET_KEY_FALLBACKS)


def public_key(name: str) -> CheckMessage:
    return Error(
        f"{name} is the sandbox's, which everybody can read, and the partner is live.",
        hint="Set the key the partner gave you.",
        id="settings.E016",
    )
