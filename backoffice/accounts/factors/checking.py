"""Check a code: the wrong ones are counted and the right one is used up, both in the database (S18, S19).

The guard's row is locked for the whole check, so processes cannot look at the same code at once, and a thousand
guesses sent in parallel are still ten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts import mail
from backoffice.accounts.factors import codes
from backoffice.accounts.models import CodeGuard, Person
from backoffice.accounts.signals import codes_blocked, factor_failed
from backoffice.database import clock

MOST_FAILURES: Final = 10
WINDOW = PAUSE = timedelta(minutes=30)


class Verdict(Enum):
    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"
    BLOCKED = "blocked"
    NO_PASSKEY = "no passkey"


@dataclass(frozen=True)
class Answer:
    """What became of a code; `tries_left` before the wait, or `wait` while it lasts."""

    verdict: Verdict
    tries_left: int = MOST_FAILURES
    wait: timedelta = timedelta()

    @property
    def is_right(self) -> bool:
        return self.verdict is Verdict.RIGHT

    @property
    def sentence(self) -> str:
        """What a person is told whose factor was refused."""
        if self.verdict is Verdict.NO_PASSKEY:
            return _("That passkey was not accepted. Use it again, or type a code.")
        if self.verdict is Verdict.SPENT:
            return _("That code was used already. Your authenticator shows the next one within 30 seconds.")
        return blocked_sentence(self.wait) if not self.tries_left else wrong_sentence(self.tries_left)


def wrong_sentence(tries_left: int) -> str:
    return ngettext(
        "That code is not right or no longer valid. %(n)s try left, then 30 minutes' wait.",
        "That code is not right or no longer valid. %(n)s tries left, then 30 minutes' wait.",
        tries_left,
    ) % {"n": tries_left}


def blocked_sentence(wait: timedelta) -> str:
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    return ngettext(
        "Too many wrong codes. Wait %(n)s minute, then try again.",
        "Too many wrong codes. Wait %(n)s minutes, then try again.",
        minutes,
    ) % {"n": minutes}


#: Looks at a code for a person whose guard is locked, and uses it up when it is right.
Look = Callable[[CodeGuard, str, datetime], Verdict]


def check_code(person: Person, code: str, *, is_signed_in: bool) -> Answer:
    """Check a code of the person's authenticator and use it up.

    :param is_signed_in: whether the person is in already (step-up), or still at the door.
    """
    return check(person, code, look_at_authenticator, is_signed_in=is_signed_in)


def check(person: Person, code: str, look: Look, *, is_signed_in: bool) -> Answer:
    """Check a code by ``look``, under the limit on failures."""
    with transaction.atomic():
        guard, now = locked_guard(person), clock.now()
        wait = wait_of(guard, now)
        if wait:
            return Answer(Verdict.BLOCKED, 0, wait)
        verdict = look(guard, code, now)
        if verdict is not Verdict.WRONG:
            return Answer(verdict)
        return count_failure(guard, person, now, is_signed_in=is_signed_in)


def locked_guard(person: Person) -> CodeGuard:
    CodeGuard.objects.bulk_create([CodeGuard(person=person)], ignore_conflicts=True)
    return CodeGuard.objects.select_for_update().get(person=person)


def wait_of(guard: CodeGuard, now: datetime) -> timedelta:
    """How long no code of this person is looked at; zero when the next one is."""
    if len(guard.failed_at) < MOST_FAILURES:
        return timedelta()
    return max(guard.failed_at[-1] + PAUSE - now, timedelta())


def count_failure(guard: CodeGuard, person: Person, now: datetime, *, is_signed_in: bool) -> Answer:
    """Count a wrong code; the tenth within half an hour begins the wait. A right one between them takes none away."""
    guard.failed_at = [*(at for at in guard.failed_at if now - at < WINDOW), now]
    guard.save(update_fields=["failed_at"])
    left = MOST_FAILURES - len(guard.failed_at)
    factor_failed.send(sender=CodeGuard, person=person, is_signed_in=is_signed_in, after={"tries_left": left})
    if not left:
        mail.tell(person, mail.Letter.FACTOR_CHANGED, {"what": "blocked"})
        codes_blocked.send(sender=CodeGuard, person=person, is_signed_in=is_signed_in)
    return Answer(Verdict.WRONG, left, timedelta() if left else PAUSE)


def look_at_authenticator(guard: CodeGuard, code: str, now: datetime) -> Verdict:
    authenticator = codes.authenticator_of(guard.person)
    step = codes.step_of(codes.secret_of(authenticator), code, now) if authenticator else None
    if authenticator is None or step is None:
        return Verdict.WRONG
    if step in guard.spent_steps:
        return Verdict.SPENT
    spend(guard, step, now)
    codes.seal_again(authenticator)
    return Verdict.RIGHT


def spend(guard: CodeGuard, step: int, now: datetime) -> None:
    """Use a code up; those too old to be taken again are forgotten."""
    guard.spent_steps = [*(old for old in guard.spent_steps if old in codes.steps_taken(now)), step]
    guard.save(update_fields=["spent_steps"])
