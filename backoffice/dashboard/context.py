"""What the frame around every page shows. This app may ask every other one; the frame asks no more than twice.

One query for how much waits and whether money stands still, one for the age of the mirrors, and only when the frame is
really drawn: a fragment for htmx costs neither. While something is frozen or halted, two more say what and why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.matrix import TABLE
from backoffice.accounts.models import Person, Role
from backoffice.accounts.ways_back import page_shown
from backoffice.approvals import queries as approvals
from backoffice.database.checks import LOOPBACK
from backoffice.funding.freezing.standstill import notices
from backoffice.funding.models import Freeze, Gate, Operation
from backoffice.funding.models.gate import paused_at
from backoffice.funding.states import IN_DOUBT
from backoffice.mirror.models import Mirror
from backoffice.mirror.queries import freshness
from backoffice.reconciliation.exceptions.queries import unsettled
from backoffice.ui import values
from backoffice.ui.shell import NavEntry, NavGroup, PartnerFreshness, ShellContext
from backoffice.ui.values import Text

FREEZE = "/freeze/"
#: The mirrors whose age stands for their partner's.
MIRROR_OF_PARTNER = {"CoinMENA": Mirror.ORDERS, "Bitnob": Mirror.TRANSACTIONS}


@dataclass(frozen=True)
class Page:
    """A page of the menu. Who may open it is what the permission matrix says."""

    path: str
    label: Text
    icon: str
    go_key: str = ""
    dock_label: Text = ""


MENU: tuple[tuple[Text, tuple[Page, ...]], ...] = (
    (
        "",
        (
            Page("/", _("Today"), "checklist", "t", _("Today")),
            Page("/approvals/", _("Approvals"), "shield-check", "a", _("Approve")),
        ),
    ),
    (
        _("Money"),
        (
            Page("/clients/", _("Clients"), "users", "c", _("Clients")),
            Page("/funding/", _("Funding"), "arrows-exchange", "f", _("Funding")),
            Page("/orders/", _("Orders"), "list-details", "o"),
            Page("/transactions/", _("Transactions"), "receipt", "x"),
        ),
    ),
    (
        _("Control"),
        (
            Page("/reconciliation/", _("Reconciliation"), "scale", "r"),
            Page("/freeze/", _("Freeze"), "snowflake", "z"),
            Page("/rules/", _("Rules"), "adjustments", "u"),
            Page("/people/", _("People"), "user-cog", "p"),
            Page("/audit/", _("Audit log"), "history", "l"),
            Page("/exports/", _("Exports"), "file-download", "e"),
            Page("/health/", _("Health"), "heartbeat", "h"),
        ),
    ),
)


#: Addresses below one page of the menu that are parts of another.
PART_OF: Final = {"/exports/audit/": "/audit/", "/exports/bundle/": "/audit/"}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give templates ``shell``, worked out when a page first asks for it."""
    return {"shell": SimpleLazyObject(lambda: shell_of(request))}


def shell_of(request: HttpRequest) -> ShellContext:
    """Describe the frame for whoever looks; strangers see the environment only."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return ShellContext(environment=environment())
    role, now, tallies = Role(person.role), timezone.now(), tallies_for(person)
    return ShellContext(
        groups=groups_of(person, request.path, tallies),
        freshness=partners(),
        environment=environment(),
        zone=zone_label(timezone.localtime()),
        person=values.Person(person.name, role.label),
        account_url="/accounts/settings/",
        sign_out_url="/accounts/logout/",
        search_url="/search/" if opens("/search/", role) else "",
        here=page_shown(request),
        notices=notices(now) if tallies.stopped or tallies.frozen else (),
        notices_url=FREEZE if opens(FREEZE, role) and request.path != FREEZE else "",
    )


def menu_of(person: Person) -> list[tuple[Text, list[Page]]]:
    """The menu without what this person's role cannot open."""
    role = Role(person.role)
    return [(label, [page for page in pages if opens(page.path, role)]) for label, pages in MENU]


@cache
def opens(path: str, role: Role) -> bool:
    """Whether an address exists and the permission matrix lets a role read it (`accounts.matrix`)."""
    try:
        name = resolve(path).view_name
    except Resolver404:
        return False
    return name in TABLE and role in TABLE[name].get


def groups_of(person: Person, here: str, tallies: "Tallies") -> tuple[NavGroup, ...]:
    return tuple(
        NavGroup(label=label, entries=tuple(entry(page, here, tallies) for page in pages))
        for label, pages in menu_of(person)
    )


def entry(page: Page, here: str, tallies: "Tallies") -> NavEntry:
    return NavEntry(
        label=page.label,
        url=page.path,
        icon=page.icon,
        go_key=page.go_key,
        dock_label=page.dock_label,
        current=is_current(page.path, here),
        tally=getattr(tallies, TALLIES[page.path]) if page.path in TALLIES else 0,
        tally_hot=page.path in ("/funding/", FREEZE),
    )


def is_current(path: str, here: str) -> bool:
    """Whether an address belongs to a page of the menu: below it, or named to be a part of it."""
    owner = next((page for address, page in PART_OF.items() if here.startswith(address)), here)
    return owner == path if path == "/" else owner.startswith(path)


@dataclass(frozen=True)
class Tallies:
    """How much waits: requests this person may decide on, and operations in doubt or in review. And what keeps money
    from flowing: freezes in force, and whether the gate is halted or paused."""

    waiting: int = 0
    in_doubt: int = 0
    frozen: int = 0
    stopped: int = 0
    exceptions: int = 0


#: Which tally stands beside which page.
TALLIES = {"/approvals/": "waiting", "/funding/": "in_doubt", "/reconciliation/": "exceptions", FREEZE: "frozen"}


def tallies_for(person: Person) -> Tallies:
    """Count all of it in one query."""
    now = timezone.now()
    waiting = counted(approvals.counted_for(person, now), "waiting")
    others = (
        counted(Operation.objects.filter(state__in=IN_DOUBT), "in_doubt"),
        counted(Freeze.objects.filter(released_at=None), "frozen"),
        counted(unsettled(), "exceptions"),
        counted(Gate.objects.filter(Q(halted_at__isnull=False) | paused_at(now)), "stopped"),
    )
    return Tallies(**dict(waiting.union(*others, all=True)))


def counted(rows: QuerySet[Any], name: str) -> QuerySet[Any, Any]:
    """One row: the name and how many ``rows`` there are. A set that is known to be empty gives none."""
    counts: QuerySet[Any, Any] = rows.annotate(tally=Value(name)).values("tally").annotate(n=Count("pk"))
    return counts.values_list("tally", "n")


def partners() -> tuple[PartnerFreshness, ...]:
    """When each partner was last read."""
    read_at: dict[Mirror, datetime | None] = {one.mirror: one.read_at for one in freshness()}
    return tuple(PartnerFreshness(name, read_at.get(mirror)) for name, mirror in MIRROR_OF_PARTNER.items())


def environment() -> str | Promise:
    """Name the environment beside the product's name; nothing in production."""
    hosts = {urlsplit(url).hostname for url in (settings.COINMENA_BASE_URL, settings.BITNOB_BASE_URL)}
    environments = (settings.COINMENA_ENVIRONMENT, settings.BITNOB_ENVIRONMENT)
    return _("Sandbox") if "sandbox" in environments or hosts & LOOPBACK else ""


def zone_label(now: datetime) -> str:
    """Name a zone and how far it is from UTC at that moment: ``Asia/Bahrain, UTC+3``."""
    minutes = int((now.utcoffset() or timedelta()).total_seconds()) // 60
    if not minutes:
        return str(now.tzinfo)
    hours, rest = divmod(abs(minutes), 60)
    return f"{now.tzinfo}, UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
