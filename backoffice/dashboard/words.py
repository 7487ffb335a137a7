"""How operations look on the first page and in the search: state, who moves them on, where they stand."""

from datetime import datetime
from urllib.parse import quote

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from backoffice.funding.models import Kind, Operation
from backoffice.funding.states import State
from backoffice.ui.values import Badge, Meaning

MEANINGS = {
    State.PENDING_APPROVAL: Meaning.WARNING,
    State.APPROVED: Meaning.INFO,
    State.SUBMITTING: Meaning.INFO,
    State.UNKNOWN: Meaning.URGENT,
    State.REVIEW: Meaning.URGENT,
    State.COMPLETED: Meaning.POSITIVE,
    State.FAILED: Meaning.NEGATIVE,
    State.REJECTED: Meaning.NEGATIVE,
}
WHO_MOVES_IT_ON: dict[State, Promise] = {
    State.PENDING_APPROVAL: _("A manager"),
    State.APPROVED: _("Worker"),
    State.SUBMITTING: _("Worker"),
    State.UNKNOWN: _("Looks up by itself"),
    State.REVIEW: _("Two people, with evidence"),
}


def state_badge(operation: Operation) -> Badge:
    """The state; what is over and well is calm."""
    state = State(operation.state)
    return Badge(state.label, MEANINGS.get(state, Meaning.NEUTRAL), calm=state is State.COMPLETED)


def title_of(operation: Operation) -> str:
    """What an operation is about, in a line."""
    kind = Kind(operation.kind).label
    return _t("%(kind)s for %(client)s") % {"kind": kind, "client": operation.client}


def since_of(operation: Operation) -> datetime:
    """Since when an operation stands as it does, as far as it says so."""
    return operation.in_doubt_since or operation.approved_at or operation.requested_at


def operation_url(reference: str) -> str:
    """The page of an operation: a fixed address of the product (DESIGN.md §11)."""
    return f"/funding/{quote(reference, safe='')}/"


def client_url(partner_client_id: str) -> str:
    """The page of a client."""
    return reverse("clients:detail", args=[partner_client_id])


def request_url(subject: str) -> str:
    """The page where a request is decided on."""
    return reverse("approvals:detail", args=[subject])
