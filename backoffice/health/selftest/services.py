"""Try every control, undo all of it, keep what was found and tell whoever must know."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.db import OperationalError, connection, transaction

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.mail import Letter, tell
from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.database.locks import Work, held
from backoffice.funding.services.creating import NotFundable
from backoffice.health import policies
from backoffice.health.models import SelfTest
from backoffice.health.selftest.due import last_self_test
from backoffice.health.selftest.of_approvals import (
    altered_content,
    duplicate_reference,
    replayed_approval,
    self_approval,
)
from backoffice.health.selftest.of_the_log import chain_break
from backoffice.health.selftest.trials import NotTried, Outcome, Trial, Verdict, carry_out, obstacle_of

NIGHTLY: Final = System("Control self-test")
#: A trial waits for nobody: what it would lock is money's.
PATIENCE: Final = "3s"
CONTROLS: Final[dict[str, Callable[[], Iterator[Trial]]]] = {
    "self_approval": self_approval,
    "replayed_approval": replayed_approval,
    "altered_content": altered_content,
    "chain_break": chain_break,
    "duplicate_reference": duplicate_reference,
}
#: Verdicts in the order of how bad they are.
WORST_FIRST: Final = (Verdict.LET_THROUGH, Verdict.STOPPED_ELSEWHERE, Verdict.NOT_TRIED)
ALARMING: Final = frozenset({Verdict.LET_THROUGH, Verdict.STOPPED_ELSEWHERE})

log = structlog.get_logger(__name__)


class TooSoon(Exception):
    """The controls were tried a moment ago, or are being tried. The text is fit for staff, and says what to do."""


@dataclass(frozen=True)
class Finding:
    """What the trials of one control showed. ``why``: what kept it from being tried."""

    control: str
    outcomes: tuple[Outcome, ...] = ()
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst of its trials; a control that was not tried has not held."""
        verdicts = {one.verdict for one in self.outcomes} | ({Verdict.NOT_TRIED} if self.why else set())
        return next((verdict for verdict in WORST_FIRST if verdict in verdicts), Verdict.HELD)

    def as_json(self) -> dict[str, Any]:
        trials = [one.as_json() for one in self.outcomes]
        return {"control": self.control, "verdict": str(self.verdict), "why": self.why, "trials": trials}


def run_now(*, by: Person) -> SelfTest:
    """Try every control because somebody asked, once a minute at most: money waits while the log's head is held.

    :raises TooSoon: where they were tried less than a minute ago, or are being tried.
    """
    with held(Work.SELF_TEST, 1) as is_alone:
        why_not = policies.why_not_try(last_self_test(), clock.now())
        if why_not or not is_alone:
            raise TooSoon(why_not or policies.under_way())
        return run_self_test(by=by)


def run_self_test(*, by: Actor) -> SelfTest:
    """Try every control, keep the result and write it into the log; tell administrators what let something through.

    Each control has a transaction of its own, which is rolled back before the next begins: the head of the log is held
    for moments only.
    """
    began = clock.monotonic()
    findings = [tried(control) for control in CONTROLS]
    milliseconds = round((clock.monotonic() - began) * 1000)
    with transaction.atomic():
        kept = keep(findings, milliseconds, by)
        _alarm(findings)
        write_down(findings, milliseconds, by)
    log.info("self_test", passed=kept.passed, milliseconds=milliseconds)
    return kept


def tried(control: str) -> Finding:
    """Try one control in a transaction that is rolled back, whatever came of it.

    What breaks off unexpectedly was not tried: the other controls still are, and what was found is kept.
    """
    outcomes: list[Outcome] = []
    why = ""
    try:
        with transaction.atomic():
            be_impatient()
            for trial in CONTROLS[control]():
                outcomes.append(carry_out(trial))
            transaction.set_rollback(True)
    except (NotTried, Refused, Conflict, NotFundable) as obstacle:
        why = " ".join(str(obstacle).split())
    except OperationalError as error:
        why = obstacle_of(error)
    except Exception as error:
        log.exception("a control could not be tried", control=control)
        why = " ".join(f"{type(error).__name__}: {error}".split())
    return Finding(control, tuple(outcomes), why)


def be_impatient() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])


def keep(findings: list[Finding], milliseconds: int, by: Actor) -> SelfTest:
    return SelfTest.objects.create(
        at=clock.now(),
        person=by if isinstance(by, Person) else None,
        who=by.name,
        passed=all(finding.verdict == Verdict.HELD for finding in findings),
        findings=[finding.as_json() for finding in findings],
        milliseconds=milliseconds,
    )


def write_down(findings: list[Finding], milliseconds: int, by: Actor) -> Entry:
    failed = [finding for finding in findings if finding.verdict != Verdict.HELD]
    after = {**{finding.control: str(finding.verdict) for finding in findings}, "milliseconds": milliseconds}
    return record(
        "selftest.failed" if failed else "selftest.passed",
        by=by,
        after=after,
        reason=" ".join(map(sentence_of, failed)),
        result=Entry.Result.FAILED if failed else Entry.Result.DONE,
    )


def sentence_of(finding: Finding) -> str:
    """Say what is wrong with a control. Stored, so in no reader's language."""
    wrong = [one.code for one in finding.outcomes if one.verdict != Verdict.HELD]
    told = ", ".join(wrong) or finding.why
    return f"{finding.control}: {finding.verdict} ({told})."


def _alarm(findings: list[Finding]) -> None:
    sentence = " ".join(sentence_of(finding) for finding in findings if finding.verdict in ALARMING)
    if sentence:
        for person in Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True):
            tell(person, Letter.SELF_TEST_ALARM, {"sentence": sentence})
