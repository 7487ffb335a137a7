"""The places where a crash is most dangerous, named as in reliability.md §8. In production each of them does nothing.

The fault campaign puts a function in `reached` that ends the process, or what stands for it, at the pass it chose.
No setting and no environment variable can: a running product cannot be told to fail.

Four of them no line of the product marks: C6 is in the socket, C7 and C8 happen at the partner, C16 is a signal.
Whoever kills there does it from outside.
"""

from collections.abc import Callable
from enum import StrEnum


class Failpoint(StrEnum):
    """Where a process may be killed."""

    C0 = "C0"  #: before the create commit
    C1 = "C1"  #: after it, before the page
    C2 = "C2"  #: in approve, before the commit
    C3 = "C3"  #: after approve, before the bell is heard
    C4 = "C4"  #: in the claim, before the commit
    C5 = "C5"  #: after the claim, before the first byte
    C6 = "C6"  #: while the request is being written
    C7 = "C7"  #: sent, not yet applied there
    C8 = "C8"  #: applied, the answer not sent
    C9 = "C9"  #: the answer in memory, not stored
    C10 = "C10"  #: inside the outcome's transaction
    C11 = "C11"  #: after its commit
    C12 = "C12"  #: in the resolver, around its look-up
    C13 = "C13"  #: while copying
    C14 = "C14"  #: between two rows of a bulk file
    C15 = "C15"  #: in a page of a mirror, or in a seal
    C16 = "C16"  #: stopped politely during a send
    C17 = "C17"  #: after an older backup was restored


def _nothing(_point: Failpoint) -> None:
    """What happens at a failpoint of a running product."""


reached: Callable[[Failpoint], None] = _nothing


def failpoint(point: Failpoint) -> None:
    """Mark a place in the code; whatever is armed happens here."""
    reached(point)
