"""Contradictions between settings: the start stops with a sentence that says what to do.

They are Django's system checks, which run before every command. A web server runs none of them, so its entry point asks
by itself.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from backoffice.checks_of_folders import folders_are_apart
from backoffice.checks_of_keys import kept_keys
from backoffice.checks_of_partners import PARTNER_ADDRESSES, host_of, partners_can_be_asked
from backoffice.checks_of_seals import seals_can_be_made
from backoffice.database.checks import LOOPBACK

SHORTEST_QUARANTINE, LONGEST_QUARANTINE = 120, 24 * 60 * 60
#: A worker that is stopped has 50 s to finish: 10 s of them it may take to sign, the rest is the longest deadline.
SHORTEST_DEADLINE, LONGEST_DEADLINE = 5, 40
#: The only published address of CoinMENA's API (docs.coinmena.com); the sandbox's is handed out on request.
COINMENA_LIVE_HOST = "external-api.coinmena.com"


@register()
def check_settings(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Report every contradiction at once."""
    return [
        *partner_addresses(),
        *partners_can_be_asked(),
        *quarantine(),
        *deadline(),
        *demo_is_local(),
        *demo_is_simulated(),
        *coinmena_environment(),
        *bitnob_environment(),
        *company_time_zone(),
        *public_url(),
        *mail_is_private(),
        *company_sign_in(),
        *kept_keys(),
        *seals_can_be_made(),
        *folders_are_apart(),
    ]


def refuse_contradictions() -> None:
    """Stop the start of a web server whose settings contradict each other.

    :raises ImproperlyConfigured: naming every contradiction and what to do.
    """
    found = check_settings(None)
    if found:
        raise ImproperlyConfigured(" ".join(f"{one.msg} {one.hint or ''}".strip() for one in found))


def partner_addresses() -> Iterator[CheckMessage]:
    for name in PARTNER_ADDRESSES:
        if not getattr(settings, name).startswith("https://") and host_of(name) not in LOOPBACK:
            yield Error(
                f"{name} must begin with https://.", hint="Plain HTTP is for the sandbox only.", id="settings.E001"
            )


def quarantine() -> Iterator[CheckMessage]:
    seconds = settings.COINMENA_QUARANTINE_SECONDS
    if seconds < SHORTEST_QUARANTINE and host_of("COINMENA_BASE_URL") not in LOOPBACK:
        yield Error(
            f"COINMENA_QUARANTINE_SECONDS is below {SHORTEST_QUARANTINE}.",
            hint="A request may still land a minute after it was sent; a shorter wait could pay twice.",
            id="settings.E002",
        )
    if not 0 <= seconds <= LONGEST_QUARANTINE:
        yield Error(
            f"COINMENA_QUARANTINE_SECONDS is not between 0 and {LONGEST_QUARANTINE}, a day.",
            hint="It counts seconds, in which nothing in doubt can be proven absent or sent again: 300 is enough.",
            id="settings.E026",
        )


def deadline() -> Iterator[CheckMessage]:
    if not SHORTEST_DEADLINE <= settings.COINMENA_DEADLINE_SECONDS <= LONGEST_DEADLINE:
        yield Error(
            f"COINMENA_DEADLINE_SECONDS is not between {SHORTEST_DEADLINE} and {LONGEST_DEADLINE}.",
            hint="It counts seconds: a payment nobody heard of is looked up once they are over, and 20 more.",
            id="settings.E022",
        )


def demo_is_local() -> Iterator[CheckMessage]:
    outside = [host for host in settings.ALLOWED_HOSTS if host not in {*LOOPBACK, "[::1]", "testserver"}]
    for name in ("DEBUG", "DEMO"):
        if getattr(settings, name) and outside:
            yield Error(
                f"{name} is on, but the site answers to {', '.join(outside)}.",
                hint=f"It shows what must stay private: keep it on loopback, or set {name}=false.",
                id="settings.E003",
            )


def demo_is_simulated() -> Iterator[CheckMessage]:
    for name in PARTNER_ADDRESSES:
        if settings.DEMO and host_of(name) not in LOOPBACK:
            yield Error(
                f"DEMO is on, but {name} is not the sandbox.",
                hint="The demo's sign-ins are public and must not reach real money: set DEMO=false.",
                id="settings.E006",
            )


def coinmena_environment() -> Iterator[CheckMessage]:
    host, environment = host_of("COINMENA_BASE_URL"), settings.COINMENA_ENVIRONMENT
    if environment not in {"sandbox", "live"}:
        yield Error("COINMENA_ENVIRONMENT is neither `sandbox` nor `live`.", id="settings.E007")
    if environment != "live" and host == COINMENA_LIVE_HOST:
        yield Error(
            f"COINMENA_ENVIRONMENT is {environment}, but COINMENA_BASE_URL is where real money moves.",
            hint="A test must not reach it: take the sandbox's address, or set COINMENA_ENVIRONMENT=live.",
            id="settings.E008",
        )
    if environment == "live" and (host in LOOPBACK or settings.DEMO):
        yield Error(
            "COINMENA_ENVIRONMENT is live, but the partner is simulated.",
            hint="Set COINMENA_ENVIRONMENT=sandbox: references of real money are for real money only.",
            id="settings.E009",
        )


def bitnob_environment() -> Iterator[CheckMessage]:
    if settings.BITNOB_ENVIRONMENT not in {"sandbox", "live"}:
        yield Error("BITNOB_ENVIRONMENT is neither `sandbox` nor `live`.", id="settings.E004")


def company_time_zone() -> Iterator[CheckMessage]:
    if settings.COMPANY_TIME_ZONE not in available_timezones():
        yield Error(
            f"COMPANY_TIME_ZONE: {settings.COMPANY_TIME_ZONE} is no time zone.",
            hint="Write it by continent and city, such as Asia/Bahrain.",
            id="settings.E005",
        )


def public_url() -> Iterator[CheckMessage]:
    url = urlsplit(settings.PUBLIC_URL)
    if not url.hostname or not is_private(settings.PUBLIC_URL):
        yield Error(
            "PUBLIC_URL must begin with https://.", hint="Links that open accounts are made of it.", id="settings.E010"
        )
    elif not validate_host(url.hostname, settings.ALLOWED_HOSTS):
        yield Error(
            f"PUBLIC_URL is at {url.hostname}, which ALLOWED_HOSTS does not name.",
            hint="Links in e-mails would lead to a site that does not answer.",
            id="settings.E011",
        )


def mail_is_private() -> Iterator[CheckMessage]:
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend") and not (settings.DEBUG or settings.DEMO):
        yield Error(
            "EMAIL_URL prints e-mails instead of sending them.",
            hint="Links that open accounts would stand in the logs: name a mail server, such as smtp+tls://host:587.",
            id="settings.E012",
        )


def company_sign_in() -> Iterator[CheckMessage]:
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    missing = [name for name in names if not getattr(settings, name)]
    if 0 < len(missing) < len(names):
        yield Error(
            f"The sign-in with the company account lacks {' and '.join(missing)}.",
            hint="Set all three, or none to do without it.",
            id="settings.E013",
        )
    if settings.OIDC_ISSUER and not is_private(settings.OIDC_ISSUER):
        yield Error("OIDC_ISSUER must begin with https://.", hint="It says who people are.", id="settings.E014")


def is_private(address: str) -> bool:
    """Whether nobody between can read what is sent to an address: TLS, or this very machine in a demo."""
    url = urlsplit(address)
    return url.scheme == "https" or ((settings.DEBUG or settings.DEMO) and url.hostname in LOOPBACK)
