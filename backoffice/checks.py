"""System checks that catch contradictions between settings: the start stops with a sentence that says what to do."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

SHORTEST_QUARANTINE = 120
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register()
def check_settings(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Report every contradiction at once."""
    return [*partner_addresses(), *quarantine(), *demo_is_local(), *bitnob_environment()]


def partner_addresses() -> Iterator[CheckMessage]:
    for name in ("COINMENA_BASE_URL", "BITNOB_BASE_URL"):
        url = urlsplit(getattr(settings, name))
        if url.scheme != "https" and url.hostname not in LOOPBACK:
            yield Error(
                f"{name} must begin with https://.", hint="Plain HTTP is for the sandbox only.", id="settings.E001"
            )


def quarantine() -> Iterator[CheckMessage]:
    host = urlsplit(settings.COINMENA_BASE_URL).hostname
    if settings.COINMENA_QUARANTINE_SECONDS < SHORTEST_QUARANTINE and host not in LOOPBACK:
        yield Error(
            f"COINMENA_QUARANTINE_SECONDS is below {SHORTEST_QUARANTINE}.",
            hint="A request may still land a minute after it was sent; a shorter wait could pay twice.",
            id="settings.E002",
        )


def demo_is_local() -> Iterator[CheckMessage]:
    outside = [host for host in settings.ALLOWED_HOSTS if host not in {*LOOPBACK, "[::1]", "testserver"}]
    if settings.DEMO and outside:
        yield Error(
            f"DEMO is on, but the site answers to {', '.join(outside)}.",
            hint="The demo's sign-ins are public: keep it on loopback, or set DEMO=false.",
            id="settings.E003",
        )


def bitnob_environment() -> Iterator[CheckMessage]:
    if settings.BITNOB_ENVIRONMENT not in {"sandbox", "live"}:
        yield Error("BITNOB_ENVIRONMENT is neither `sandbox` nor `live`.", id="settings.E004")
