"""What follows an operation that ended without effect, and how a page says it: a retry of a failed one, else a copy."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import Person
from backoffice.funding import policies
from backoffice.funding.columns import OperationLine, line_of
from backoffice.funding.models import Kind, Operation
from backoffice.ui.values import Fact, Reference

#: How many of a chain a page lists, the newest of them.
LISTED_OF_A_CHAIN = 20
FORM_NAMES = {Kind.DEPOSIT: "funding:deposit", Kind.WITHDRAWAL: "funding:withdraw"}


@dataclass(frozen=True)
class Wording:
    """What a successor of one operation is called."""

    button: Promise
    of: Promise
    done: Promise
    in_chain: Promise


RETRY = Wording(
    gettext_lazy("Try again"),
    gettext_lazy("Retry of"),
    gettext_lazy("Tried again as"),
    gettext_lazy("Retry of the one before"),
)
COPY = Wording(
    gettext_lazy("Copy to a new request"),
    gettext_lazy("Copy of"),
    gettext_lazy("Copied to"),
    gettext_lazy("Copy of the one before"),
)


@dataclass(frozen=True)
class Link:
    """One operation of a chain, and what it is to the one before it."""

    line: OperationLine
    relation: str | Promise
    is_this: bool


def wording_of(original: Operation) -> Wording:
    """Return the words for what follows ``original``."""
    return RETRY if original.has_failed else COPY


def context_of(operation: Operation, person: Person, chain: list[Operation]) -> dict[str, Any]:
    """Return what the page of an operation offers and shows of copies: the button, and the chain it stands in."""
    return {
        "can_copy": policies.can_copy(person, operation),
        "copy_wording": wording_of(operation),
        "copy_url": f"{reverse(FORM_NAMES[Kind(operation.kind)])}?copy_of={operation.reference}",
        "chain": [link_of(one, operation) for one in chain[-LISTED_OF_A_CHAIN:]] if len(chain) > 1 else [],
    }


def link_of(one: Operation, shown: Operation) -> Link:
    relation = _("The first") if one.copy_of is None else wording_of(one.copy_of).in_chain
    return Link(line_of(one), relation, one.pk == shown.pk)


def facts_of(operation: Operation, chain: list[Operation]) -> list[Fact]:
    """Name what ``operation`` follows and what follows it, as a retry or as a copy; whatever there is of them."""
    facts = []
    if operation.copy_of is not None:
        facts.append(_fact(wording_of(operation.copy_of).of, operation.copy_of))
    successor = next((one for one in chain if one.copy_of_id == operation.pk), None)
    if successor is not None:
        facts.append(_fact(wording_of(operation).done, successor))
    return facts


def _fact(label: Promise, one: Operation) -> Fact:
    return Fact(label, Reference(one.reference, one.get_absolute_url()))
