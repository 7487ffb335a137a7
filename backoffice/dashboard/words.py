"""How operations are told on the first page and in the search: what about, since when, who moves them on."""

from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.funding.models import Kind, Operation
from backoffice.funding.states import State

WHO_MOVES_IT_ON: dict[State, Promise] = {
    State.PENDING_APPROVAL: _("A manager"),
    State.APPROVED: _("Worker"),
    State.SUBMITTING: _("Worker"),
    State.UNKNOWN: _("Looks up by itself"),
    State.REVIEW: _("Two people, with evidence"),
}


def title_of(operation: Operation) -> str:
    """What an operation is about, in a line."""
    kind = Kind(operation.kind).label
    return gettext("%(kind)s for %(client)s") % {"kind": kind, "client": operation.client}


def since_of(operation: Operation) -> datetime:
    """Since when an operation stands as it does, as far as it says so."""
    return operation.in_doubt_since or operation.approved_at or operation.requested_at


def request_url(subject: str) -> str:
    """The page where a request is decided on."""
    return reverse("approvals:detail", args=[subject])
