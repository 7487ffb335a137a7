"""What slows or stops all sending: a 429 pauses, three 401 in a row or a clock that is off halt (reliability.md §5).

A pause ends by itself. A halt stays until a manager has looked and resumed.
"""

from datetime import timedelta
from typing import Final

import structlog
from django.db import transaction

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.funding.models import Gate
from backoffice.funding.policies import check_can_resume
from backoffice.partner.coinmena.client import CLOCK_SKEW_STOP
from backoffice.partner.outcome import Verdict

MOST_UNAUTHORISED: Final = 3
UNAUTHORISED = "CoinMENA refused our signature three times in a row. Check the key, the clock and the address list."
CLOCK_OFF = "Our clock and CoinMENA's differ by more than 10 seconds. Set this machine's clock."

log = structlog.get_logger(__name__)


def brake(verdict: Verdict, *, is_answered: bool, clock_skew: float | None, holder: str) -> None:
    """Apply what one answer to a POST means for all sending; committed by itself, before the operation's outcome."""
    by = System(holder)
    if verdict.pause_seconds is not None:
        _pause(verdict.pause_seconds, by)
    if verdict.counts_as_401:
        _count_unauthorised(by)
    elif is_answered:
        Gate.objects.filter(unauthorised_in_a_row__gt=0).update(unauthorised_in_a_row=0)
    if clock_skew is not None and abs(clock_skew) > CLOCK_SKEW_STOP:
        _halt(CLOCK_OFF, by)


def resume_sending(*, reason: str, by: Person) -> None:
    """Let money flow again after a halt. A pause the partner asked for is not ours to shorten: it ends by itself.

    :raises Refused: for anybody but a manager.
    """
    check_can_resume(by)
    with transaction.atomic():
        gate = Gate.objects.select_for_update().get(pk=1)
        before = {"halted_because": gate.halted_because}
        gate.halted_at, gate.halted_because, gate.unauthorised_in_a_row = None, "", 0
        gate.save()
        record("funding.resumed", by=by, obj=gate, before=before, reason=reason)


def _pause(seconds: float, by: System) -> None:
    with transaction.atomic():
        gate = Gate.objects.select_for_update().get(pk=1)
        until = clock.now() + timedelta(seconds=seconds)
        if gate.paused_until is None or gate.paused_until < until:
            Gate.objects.update(paused_until=until)
            record("funding.paused", by=by, obj=gate, after={"paused_until": until})


def _count_unauthorised(by: System) -> None:
    with transaction.atomic():
        gate = Gate.objects.select_for_update().get(pk=1)
        Gate.objects.update(unauthorised_in_a_row=min(gate.unauthorised_in_a_row + 1, MOST_UNAUTHORISED))
        if gate.unauthorised_in_a_row + 1 >= MOST_UNAUTHORISED:
            _halt(UNAUTHORISED, by)


def _halt(because: str, by: System) -> None:
    with transaction.atomic():
        gate = Gate.objects.select_for_update().get(pk=1)
        if gate.halted_at is not None:
            return
        log.error("funding_halted", because=because)
        Gate.objects.update(halted_at=clock.now(), halted_because=because)
        record("funding.halted", by=by, obj=gate, reason=because)
