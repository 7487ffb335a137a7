"""Why sending stopped by itself, and how people go on: one table for pages, the doctor and the log (reliability.md §5).

What is stored with a halt is the sentence in English, so that the log reads the same to everybody; pages translate it.
"""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backoffice.funding.models import AttemptOutcome, Gate, HaltCode


@dataclass(frozen=True)
class Halt:
    """Why sending stopped, and what a person does before a manager resumes; both to be translated when shown."""

    why: str
    what_to_do: str


HALTS: Final = {
    HaltCode.UNAUTHORISED: Halt(
        gettext_noop(
            "CoinMENA refused our signature three times in a row. Check the key, the clock and the address list."
        ),
        gettext_noop(
            "Run “manage.py doctor”. Look at this machine's clock first, then at COINMENA_PRIVATE_KEY and "
            "COINMENA_PARTNER_ID, then ask CoinMENA whether our address is on their list. Nothing that was refused "
            "was applied; it waits to be sent."
        ),
    ),
    HaltCode.CLOCK: Halt(
        gettext_noop("Our clock and CoinMENA's differ by more than 10 seconds. Set this machine's clock."),
        gettext_noop(
            "Start the time service of every machine that runs a worker, wait until “manage.py doctor” says that the "
            "clocks agree, then resume. A clock that is off makes an early “not found” look like a proof."
        ),
    ),
    HaltCode.ENVIRONMENT: Halt(
        gettext_noop("The address of CoinMENA or our partner id is not the one of the last payment."),
        gettext_noop(
            "Compare COINMENA_BASE_URL and COINMENA_PARTNER_ID on every machine. If the change was not meant, put the "
            "settings back and restart. If it was, see that nothing is in doubt under the old ones first: resuming "
            "accepts the settings of this web server, and what was sent before can then no longer be looked up."
        ),
    ),
}


def why_of(gate: Gate) -> str:
    """Say why sending is halted, in the reader's language."""
    return _(gate.halted_because)


def what_to_do_about(gate: Gate) -> str:
    """Say how people go on; what was halted before reasons had codes is only told to be looked at."""
    known = HALTS.get(HaltCode(gate.halt_code)) if gate.halt_code else None
    return _(known.what_to_do) if known else _("Find out why, put it right, then resume.")


def measured_skew() -> float | None:
    """Return by how many seconds our clock was certainly ahead of the partner's at the last payment it answered.

    A ``Date`` is cut to the second and was written between our sending and our receiving; a difference inside that span
    is none. None where no answer had a date.
    """
    answered = AttemptOutcome.objects.filter(signed_at__isnull=False, partner_date__isnull=False)
    last = answered.order_by("-id").first()
    if last is None or last.signed_at is None or last.partner_date is None:
        return None
    ahead = (last.signed_at - last.partner_date).total_seconds()
    return max(ahead - 1, 0.0) + min(ahead + (last.duration_ms or 0) / 1000, 0.0)
