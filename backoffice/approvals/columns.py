"""The columns of the queue, on the screen and in the file."""

from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import Request
from backoffice.approvals.policies import is_expired
from backoffice.approvals.queries import counts, decisions_of
from backoffice.approvals.states import RequestState
from backoffice.approvals.voices import approved_at, spoken_by
from backoffice.ui import times
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.text import visible
from backoffice.ui.values import Amount, Badge, Lines, Meaning, Person, Reference, Until

MEANINGS = {
    RequestState.WAITING: Meaning.WARNING,
    RequestState.APPROVED: Meaning.POSITIVE,
    RequestState.REJECTED: Meaning.NEGATIVE,
    RequestState.CANCELLED: Meaning.NEUTRAL,
    RequestState.EXPIRED: Meaning.NEUTRAL,
    RequestState.TAKEN_BACK: Meaning.NEUTRAL,
}


def badge_of(request: Request) -> Badge:
    """Return the state as it is now: a request whose time is over is expired, moved or not."""
    is_over = is_expired(request, timezone.now())
    state = RequestState.EXPIRED if is_over else RequestState(request.state)
    return Badge(state.label, MEANINGS[state], calm=state is RequestState.APPROVED)


def url_of(request: Request) -> str:
    """The page where the request is decided on."""
    return reverse("approvals:detail", args=[request.subject])


def waited(request: Request) -> str:
    """How long the request waits, or waited; nothing waits longer than it was valid."""
    end = request.closed_at or min(timezone.now(), request.valid_until)
    return times.duration((end - request.requested_at).total_seconds())


def standing(request: Request) -> object:
    """The state, and below it how many of those it needs have approved, and who."""
    given = [one for one in decisions_of(request) if counts(one)]
    if request.state != RequestState.WAITING or request.people_needed < 2 or not given:
        return badge_of(request)
    said = {"n": len(given), "of": request.people_needed, "who": ", ".join(approved_at(one) for one in given)}
    return Lines(badge_of(request), gettext("%(n)s of %(of)s: %(who)s") % said)


def outcome(request: Request) -> object:
    """How it ended, and below it who decided that; nobody where it expired or was cancelled."""
    who = [
        spoken_by(one) for one in decisions_of(request) if one.verdict == request.state and one.taken_back_at is None
    ]
    return Lines(badge_of(request), ", ".join(who)) if who else badge_of(request)


def ended_at(request: Request) -> datetime:
    """When it was over: decided, cancelled or taken back, else its time had run out."""
    return request.closed_at or request.valid_until


def expires(request: Request) -> object:
    """How long is left to decide; a dash where nothing is left to decide."""
    left = (request.valid_until - timezone.now()).total_seconds()
    if request.state != RequestState.WAITING or left <= 0:
        return None
    return Until(request.valid_until)


COLUMNS = Columns(
    Column(
        key="title",
        label=_("Request"),
        value=lambda one: visible(one.title, 120),
        url=url_of,
        export="title",
        export_value=lambda one: one.title,
    ),
    Column(
        key="reference",
        label=_("Reference"),
        kind=Kind.REFERENCE,
        value=lambda one: Reference(one.subject),
        export="subject",
        on_phone=OnPhone.HIDE,
    ),
    Column(key="client", label=_("Client"), value=lambda one: one.client, export="client", screen=False),
    Column(
        key="amount",
        label=_("Amount"),
        kind=Kind.MONEY,
        sort="size",
        value=lambda one: None if one.amount is None else Amount(one.amount, one.asset),
        export="amount",
    ),
    Column(key="asset", label=_("Asset"), value=lambda one: one.asset, export="asset", screen=False),
    Column(
        key="asked_by",
        label=_("Asked by"),
        kind=Kind.PERSON,
        value=lambda one: Person(one.requested_by.name),
        export="requested_by__name",
        on_phone=OnPhone.HIDE,
    ),
    Column(key="reason", label=_("Reason"), value=lambda one: one.reason, export="reason", screen=False),
    Column(key="rule", label=_("Rule"), value=lambda one: one.rule, export="rule", screen=False),
    Column(
        key="waiting",
        classes="one-line",
        label=_("Waiting"),
        value=waited,
        sort="asked",
        on_phone=OnPhone.LABEL,
    ),
    Column(
        key="asked_at",
        label=_("Asked"),
        kind=Kind.TIME,
        value=lambda one: one.requested_at,
        export="requested_at",
        screen=False,
    ),
    Column(
        key="expires",
        classes="one-line",
        label=_("Expires"),
        value=expires,
        sort="expires",
        on_phone=OnPhone.LABEL,
    ),
    Column(
        key="valid_until",
        label=_("Valid until"),
        kind=Kind.TIME,
        value=lambda one: one.valid_until,
        export="valid_until",
        screen=False,
    ),
    Column(
        key="state",
        label=_("State"),
        kind=Kind.BADGE,
        value=standing,
        export="state",
        export_value=lambda one: one.state,
    ),
    Column(
        key="closed_at",
        label=_("Closed"),
        kind=Kind.TIME,
        value=lambda one: one.closed_at,
        export="closed_at",
        screen=False,
    ),
)

#: What is over: when it was asked for, when it ended and who decided, in place of how long is left.
HISTORY_COLUMNS = Columns(
    *(COLUMNS[key] for key in ("title", "reference", "amount", "asked_by")),
    Column(
        key="asked_at",
        label=_("Asked"),
        kind=Kind.TIME,
        value=lambda one: one.requested_at,
        sort="asked",
        on_phone=OnPhone.HIDE,
    ),
    Column(key="ended_at", label=_("Ended"), kind=Kind.TIME, value=ended_at, on_phone=OnPhone.LABEL),
    Column(key="outcome", label=_("Outcome"), kind=Kind.BADGE, value=outcome),
)
