"""What a screen can show: small frozen values that `{% show %}` knows how to draw.

A column's `value`, a fact or a timeline entry returns one of these, so that an amount or a badge looks
the same wherever it stands. Plain strings are partner or staff text and are drawn with hidden characters
made visible; datetimes are drawn in the person's zone; `None` is drawn as a dash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from django.utils.functional import Promise

Text = str | Promise
"""Text of ours: a literal or a lazy translation."""


class Meaning(StrEnum):
    """The six meanings a badge can have; each has its own shape and colour."""

    NEUTRAL = "neutral"
    INFO = "info"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    WARNING = "warning"
    URGENT = "urgent"


class Direction(StrEnum):
    """Which way money moved for the client."""

    IN = "in"
    OUT = "out"
    NONE = ""


@dataclass(frozen=True)
class Badge:
    """A state: an adjective or a past tense, never a verb."""

    text: Text
    meaning: Meaning = Meaning.NEUTRAL
    calm: bool = False


@dataclass(frozen=True)
class Amount:
    """An amount with its asset, shown with all its digits. `quiet` greys one that did not move."""

    amount: Decimal | None
    asset: str
    quiet: bool = False
    difference: bool = False


@dataclass(frozen=True)
class Effect:
    """What an order did to the client, in words."""

    text: Text
    direction: Direction = Direction.NONE


@dataclass(frozen=True)
class Reference:
    """A reference, order number or id: left to right, unbroken, zero slashed."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Named:
    """Somebody or something with a name of its own and the id that proves which one it is."""

    name: str
    reference: str
    url: str = ""


@dataclass(frozen=True)
class Link:
    """A way to another page, with an optional second line."""

    text: Text
    url: str
    sub: Text = ""


@dataclass(frozen=True)
class Person:
    """A member of staff, with initials in a circle and a quiet second line."""

    name: str
    note: Text = ""
    called: Text = ""
    """What stands for the name, such as *You*; the circle keeps the initials of the name."""

    @property
    def initials(self) -> str:
        """First letters of the first and the last word of the name."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def tone(self) -> str:
        """One of four colours, the same on every page for the same name."""
        return "abcd"[sum(self.name.encode()) % 4]


@dataclass(frozen=True)
class Age:
    """When something was last read from a partner; `None` means never."""

    at: datetime | None
    prefix: Text = ""


@dataclass(frozen=True)
class Until:
    """How long is left until ``at``: "in 3 h 12 min", which a script keeps true while the page is open."""

    at: datetime


@dataclass(frozen=True)
class Lines:
    """Two lines in one place: the first in full ink, the second small and quiet."""

    first: object
    second: object = ""


@dataclass(frozen=True)
class Fact:
    """One line of a summary list."""

    label: Text
    value: object


@dataclass(frozen=True)
class Check:
    """One verdict in an ordered list of checks, with what it speaks of where that has pages of its own."""

    text: Text
    result: CheckResult
    why: Text = ""
    got: object = ""
    links: tuple[Link, ...] = ()


class CheckResult(StrEnum):
    """How a check came out."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    WAITING = "waiting"


@dataclass(frozen=True)
class Wire:
    """A request and its answer, already redacted, as they went over the wire."""

    summary: Text
    asked: str
    answered: str
    note: Text = ""
    is_open: bool = False


@dataclass(frozen=True)
class Event:
    """One entry of a timeline: what, who, when, why, and what was exchanged."""

    what: Text
    at: datetime | None = None
    by: Text = ""
    say: Text = ""
    icon: str = "point"
    meaning: Meaning = Meaning.NEUTRAL
    checks: tuple[Check, ...] = ()
    wire: Wire | None = None


@dataclass(frozen=True)
class Step:
    """One step of a stepper."""

    title: Text
    note: Text = ""
    state: StepState | None = None


class StepState(StrEnum):
    """Where a step stands."""

    DONE = "done"
    NOW = "now"
    LATER = "later"


@dataclass(frozen=True)
class Figure:
    """One figure of a strip: label, number, what it means. `tone` is "", "warn" or "bad"."""

    label: Text
    value: object
    unit: Text = ""
    note: Text = ""
    tone: str = ""
    url: str = ""


@dataclass(frozen=True)
class Crumb:
    """One step of a breadcrumb; the last one has no address."""

    text: Text
    url: str = ""


@dataclass(frozen=True)
class Action:
    """A button in a page header. `why_not` says in text why it cannot be used now."""

    text: Text
    url: str = ""
    icon: str = ""
    primary: bool = False
    why_not: Text = ""
