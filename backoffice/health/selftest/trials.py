"""One trial of a control: something that must be stopped, by what must stop it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils.translation import gettext_noop

from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.database.definitions import sqlstate_of

#: What stopped a trial where no constraint or trigger did: a service of ours; what the login may not do.
SERVICE: Final = "service"
RIGHTS: Final = "rights"
INSUFFICIENT_PRIVILEGE: Final = "42501"
#: A lock or a statement took too long, or the server ended one of two that waited for each other.
WAITED: Final = frozenset({"55P03", "57014", "40P01", "40001"})
TOO_LONG: Final = gettext_noop("It had to wait too long for what somebody else was changing. Try it again.")
#: A guard of the database is named in the context of its error: the function is the trigger's, with a digest behind.
_TRIGGER: Final = re.compile(r"function (?:public\.)?pgtrigger_(\w+)_[0-9a-f]+\(\)")


class Verdict(StrEnum):
    """How a trial, or the whole control, came out."""

    HELD = "held"
    LET_THROUGH = "let_through"
    STOPPED_ELSEWHERE = "stopped_elsewhere"
    NOT_TRIED = "not_tried"


class NotTried(Exception):
    """What a trial needs is not there. The text is fit for staff."""


class Stopped(Exception):
    """A policy that answers instead of raising has stopped the trial; the text is its code."""


@dataclass(frozen=True)
class Trial:
    """Something that must be stopped. ``stopped_by``: the names, or beginnings of names, of what may stop it."""

    code: str
    stopped_by: tuple[str, ...]
    act: Callable[[], object]


@dataclass(frozen=True)
class Outcome:
    """How one trial came out, and what stopped it; empty when nothing did."""

    code: str
    verdict: Verdict
    stopped_by: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"trial": self.code, "verdict": str(self.verdict), "stopped_by": self.stopped_by}


def carry_out(trial: Trial) -> Outcome:
    """Try it, as if it were to be committed, and undo whatever it did."""
    stopped_by = what_stopped(trial.act)
    if not stopped_by:
        return Outcome(trial.code, Verdict.LET_THROUGH)
    is_right = stopped_by.startswith(trial.stopped_by)
    return Outcome(trial.code, Verdict.HELD if is_right else Verdict.STOPPED_ELSEWHERE, stopped_by)


def what_stopped(act: Callable[[], object]) -> str:
    """Name what stopped an act; empty when it got through, in which case it is undone.

    :raises NotTried: when the server could not carry it out, which is no refusal.
    """
    try:
        with transaction.atomic():
            act()
            connection.check_constraints()
            transaction.set_rollback(True)
    except (Refused, Conflict):
        return SERVICE
    except Stopped as stopped:
        return str(stopped)
    except OperationalError as error:
        raise NotTried(obstacle_of(error)) from error
    except DatabaseError as error:
        return guard_of(error)
    return ""


def obstacle_of(error: OperationalError) -> str:
    """Say why the server could not carry something out: a wait that was too long, or what it says itself."""
    return TOO_LONG if sqlstate_of(error) in WAITED else " ".join(str(error).split())


def guard_of(error: DatabaseError) -> str:
    """Name the constraint or trigger that raised ``error``, or that rights were missing; else its SQLSTATE."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is None:
        return type(error).__name__
    if diagnosis.sqlstate == INSUFFICIENT_PRIVILEGE:
        return RIGHTS
    trigger = _TRIGGER.search(diagnosis.context or "")
    return diagnosis.constraint_name or (trigger.group(1) if trigger else diagnosis.sqlstate) or "unknown"
