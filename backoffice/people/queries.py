"""People as the list and their pages show them."""

from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Case, CharField, DateTimeField, Exists, Min, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Greatest

from backoffice.accounts.factors.held import KINDS
from backoffice.accounts.models import Person, Role, Session
from backoffice.approvals.models import Request
from backoffice.approvals.states import RequestState
from backoffice.audit.models import Entry
from backoffice.people.models import AccountChange, ChangeKind
from backoffice.people.states import ChangeState
from backoffice.ui.listing import Summary

INVITED, ACTIVE, DEACTIVATED = "invited", "active", "deactivated"
AUTHENTICATOR, PASSKEY, BOTH, NONE = "authenticator", "passkey", "authenticator and passkey", "none"


def listed() -> QuerySet[Any]:
    """Return everybody: their ``state``, when they were ``last_seen``, their ``factor`` and ``factor_since``."""
    return Person.objects.annotate(
        state=_state(), last_seen=_last_seen(), factor=_factor(), factor_since=_factor_since()
    )


def _state() -> Case:
    never_came = Q(last_login=None, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return Case(
        When(is_active=False, then=Value(DEACTIVATED)),
        When(never_came, then=Value(INVITED)),
        default=Value(ACTIVE),
        output_field=CharField(),
    )


def _last_seen() -> Greatest:
    """When a person last did something: had a session open, or stands in the log."""
    sessions = Session.objects.filter(person=OuterRef("pk")).order_by("-seen_at").values("seen_at")[:1]
    entries = Entry.objects.filter(person=OuterRef("pk")).order_by("-number").values("at")[:1]
    return Greatest("last_login", Subquery(sessions), Subquery(entries), output_field=DateTimeField())


def _factor() -> Case:
    has = {kind: Exists(Authenticator.objects.filter(user=OuterRef("pk"), type=kind)) for kind in KINDS}
    code, passkey = has[Authenticator.Type.TOTP], has[Authenticator.Type.WEBAUTHN]
    return Case(
        When(Q(code) & Q(passkey), then=Value(BOTH)),
        When(code, then=Value(AUTHENTICATOR)),
        When(passkey, then=Value(PASSKEY)),
        default=Value(NONE),
        output_field=CharField(),
    )


def _factor_since() -> Subquery:
    own = Authenticator.objects.filter(user=OuterRef("pk"), type__in=KINDS).order_by().values("user")
    return Subquery(own.annotate(first=Min("created_at")).values("first"), output_field=DateTimeField())


def found_by(people: QuerySet[Any], text: str) -> QuerySet[Any]:
    """People whose name or address holds the text."""
    return people.filter(Q(name__icontains=text) | Q(email__icontains=text))


def counted(people: QuerySet[Any]) -> Summary:
    return Summary(people.order_by().count())


# One person -------------------------------------------------------------------------------------------------------


def with_email(email: str) -> Person | None:
    """Return who has this address, active or not."""
    return Person.objects.filter(email__iexact=email.strip()).first()


def active_administrators() -> QuerySet[Person]:
    """Return who can propose changes of accounts."""
    return Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True).order_by("name", "id")


def open_requests_of(person: Person, now: datetime) -> QuerySet[Request]:
    """Return what a person asked for and others have not decided on, oldest first."""
    waiting = Request.objects.filter(requested_by=person, state=RequestState.WAITING, valid_until__gt=now)
    return waiting.order_by("requested_at", "id")


# Changes ----------------------------------------------------------------------------------------------------------


def changes() -> QuerySet[AccountChange]:
    """Return every change with whom it is about and who proposed it."""
    return AccountChange.objects.select_related("person", "proposed_by", "approval__requested_by")


def changes_of(person: Person) -> QuerySet[AccountChange]:
    """Return every change of a person's account, newest first."""
    return changes().filter(person=person).order_by("-proposed_at", "-id")


def waiting_change_of(person: Person) -> AccountChange | None:
    """Return the change of a person's account that waits for a manager."""
    return changes().filter(person=person, state=ChangeState.WAITING).first()


def is_invitation_waiting(email: str) -> bool:
    """Whether somebody proposed already to invite this address."""
    waiting = AccountChange.objects.filter(kind=ChangeKind.INVITATION, state=ChangeState.WAITING)
    return waiting.filter(email__iexact=email.strip()).exists()


def waiting_invitations() -> QuerySet[AccountChange]:
    """Return the invitations that wait for a manager, oldest first."""
    waiting = changes().filter(kind=ChangeKind.INVITATION, state=ChangeState.WAITING)
    return waiting.order_by("proposed_at", "id")
