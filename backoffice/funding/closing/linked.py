"""Orders that people said an operation in review made, although they stand under another reference.

Whoever closes it reads of them first. Apps above this one keep what was said, and register how to tell."""

from collections.abc import Callable
from dataclasses import dataclass

from backoffice.funding.models import Operation


@dataclass(frozen=True)
class LinkedOrder:
    """One such order, and who said so."""

    id: int
    by: str


LinkedTo = Callable[[Operation], list[LinkedOrder]]
_KNOWN: dict[str, LinkedTo] = {}


def register(name: str, linked_to: LinkedTo) -> None:
    """Ask ``linked_to`` about every operation that is closed; called from ``AppConfig.ready()``."""
    _KNOWN[name] = linked_to


def orders_linked_to(operation: Operation) -> list[LinkedOrder]:
    """Return the orders that people linked to an operation."""
    return [order for linked_to in _KNOWN.values() for order in linked_to(operation)]
