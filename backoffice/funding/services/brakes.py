"""What slows or stops all sending: a 429 pauses; three 401 in a row, a clock that is off and another environment halt
(reliability.md §5).

A pause ends by itself. A halt stays until a manager has looked and resumed.
"""

import hashlib
from datetime import timedelta
from typing import Final

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.database.server import HERE
from backoffice.funding.freezing.halts import HALTS
from backoffice.funding.models import Gate, HaltCode
from backoffice.funding.models.gate import LONGEST_PAUSE
from backoffice.funding.policies import check_can_resume
from backoffice.funding.queries import free_to_be_sent
from backoffice.funding.services.doorbells import RUNG_AT_ONCE, ring_to_send
from backoffice.funding.services.gate import lock_gate, refused_if_kept_waiting
from backoffice.funding.services.servers import keep_to_server
from backoffice.mirror.partners import coinmena
from backoffice.partner.exchange import CLOCK_SKEW_STOP, CLOCK_SKEW_WARNING
from backoffice.partner.outcome import Verdict

MOST_UNAUTHORISED: Final = 3
READER: Final = "Mirrors"

log = structlog.get_logger(__name__)


def brake(verdict: Verdict, *, clock_skew: float | None, holder: str) -> None:
    """Apply what one answer to a POST means for all sending; committed by itself, before the operation's outcome."""
    by = System(holder)
    if verdict.pause_seconds is not None:
        _pause(verdict.pause_seconds, by)
    if verdict.counts_as_401:
        _count_unauthorised(by)
    elif verdict.accepts_credentials:
        _forget_unauthorised()
    watch_clock(clock_skew, holder=holder)


def watch_clock(skew: float | None, *, holder: str) -> None:
    """Halt when our clock and the partner's are too far apart, as far as an answer proves it; None proves nothing."""
    if skew is None or not is_clock_off(skew):
        return
    log.warning("funding_clock_skew", seconds=round(skew, 1))
    if abs(skew) > CLOCK_SKEW_STOP:
        _halt(HaltCode.CLOCK, System(holder))


def is_clock_off(skew: float) -> bool:
    """Tell whether staff have to be warned of our clock (reliability.md F22)."""
    return abs(skew) > CLOCK_SKEW_WARNING


def keep_to_environment(environment: str, holder: str) -> None:
    """Note the environment of the first payment; halt before one of another. Committed by itself, before the claim.

    An address or partner id that changed means a wrong setting, or a credential for production in a test. The database
    server is compared in the same question: `keep_to_server`.
    """
    if Gate.objects.filter(environment=environment, server=HERE).exists():
        return
    keep_to_server()
    with transaction.atomic():
        gate = lock_gate()
        if not gate.environment:
            Gate.objects.update(environment=environment)
        elif gate.environment != environment:
            _halt(HaltCode.ENVIRONMENT, System(holder), before=gate.environment, found=environment)


def is_of_our_payments(environment: str) -> bool:
    """Tell whether an environment is that of the last payment, or none was made yet; else halt as the next would."""
    if Gate.objects.filter(environment__in=("", environment)).exists():
        return True
    keep_to_environment(environment, READER)
    return False


def environments_of(gate: Gate) -> tuple[str, str]:
    """Return the beginnings of two digests, to be compared by eye: of the last payment's settings and of this process's
    own."""
    return gate.environment[:12], coinmena().environment[:12]


def name_of_halt(gate: Gate) -> str:
    """Name one halt as a page shows it, with the settings that resuming would accept, as 64 hexadecimal digits."""
    halted_at = gate.halted_at.isoformat() if gate.halted_at else ""
    shown = (halted_at, gate.halt_code, gate.halted_because, gate.environment, coinmena().environment)
    return hashlib.sha256("\n".join(shown).encode()).hexdigest()


def resume_sending(*, reason: str, by: Person, shown: str | None = None) -> None:
    """Let money flow again after a halt. A pause the partner asked for is not ours to shorten: it ends by itself.

    After a halt for another environment, the settings of the process that resumes are the accepted ones. Bells ring for
    what waits: those that rang meanwhile were heard, and led to nothing.

    :param shown: `name_of_halt` of what the person read; None for whoever reads the gate as it is.
    :raises Refused: for anybody but a manager.
    :raises Conflict: when nothing is halted, somebody else was faster or keeps the gate for too long, or it is not the
        halt that was shown.
    """
    check_can_resume(by)
    kept = _("Nothing was changed: what is being sent kept it waiting. Resume again.")
    with refused_if_kept_waiting(kept), transaction.atomic():
        gate = lock_gate()
        if gate.halted_at is None:
            raise Conflict(_("Sending is not halted. Nothing was changed."))
        if shown not in (None, name_of_halt(gate)):
            raise Conflict(_("Sending stopped for another reason since you opened the page. Read the page again."))
        before = {"halted_because": gate.halted_because, "environment": gate.environment}
        if gate.halt_code == HaltCode.ENVIRONMENT:
            gate.environment = coinmena().environment
        gate.halted_at, gate.halted_because, gate.halt_code, gate.unauthorised_in_a_row = None, "", "", 0
        gate.save()
        for operation_id in free_to_be_sent(clock.now()).values_list("pk", flat=True)[:RUNG_AT_ONCE]:
            ring_to_send(operation_id)
        record(
            "funding.resumed", by=by, obj=gate, before=before, after={"environment": gate.environment}, reason=reason
        )


def _pause(seconds: float, by: System) -> None:
    with transaction.atomic():
        gate = lock_gate()
        now = clock.now()
        until = now + min(timedelta(seconds=seconds), LONGEST_PAUSE)
        if gate.paused_until is None or gate.paused_until < until or not gate.is_paused(now):
            Gate.objects.update(paused_until=until)
            record("funding.paused", by=by, obj=gate, after={"paused_until": until})


def _count_unauthorised(by: System) -> None:
    with transaction.atomic():
        gate = lock_gate()
        Gate.objects.update(unauthorised_in_a_row=min(gate.unauthorised_in_a_row + 1, MOST_UNAUTHORISED))
        if gate.unauthorised_in_a_row + 1 >= MOST_UNAUTHORISED:
            _halt(HaltCode.UNAUTHORISED, by)


def _forget_unauthorised() -> None:
    if Gate.objects.filter(unauthorised_in_a_row__gt=0).exists():
        with transaction.atomic():
            lock_gate()
            Gate.objects.update(unauthorised_in_a_row=0)


def _halt(code: HaltCode, by: System, **details: str) -> None:
    because = HALTS[code].why
    with transaction.atomic():
        gate = lock_gate()
        if gate.halted_at is not None:
            return
        log.error("funding_halted", code=str(code), because=because)
        Gate.objects.update(halted_at=clock.now(), halted_because=because, halt_code=code)
        record("funding.halted", by=by, obj=gate, after={"code": str(code), **details}, reason=because)
