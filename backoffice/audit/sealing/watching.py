"""Seal, and check what was sealed, for the workers: what goes wrong becomes an entry and an alarm, once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction

from backoffice.accounts.actors import System
from backoffice.accounts.mail import Letter, tell
from backoffice.accounts.models import Person, Role
from backoffice.audit.models import Entry, Seal, SealCopy
from backoffice.audit.sealing import behind
from backoffice.audit.sealing.checking import seal_faults
from backoffice.audit.sealing.keys import InvalidSealKey
from backoffice.audit.sealing.queries import newest_trouble
from backoffice.audit.sealing.services import seal_now
from backoffice.audit.services import record
from backoffice.database import clock

BY: Final = System("sealing")
#: Who is told that the log may not be what was written: who reads it, and who keeps the machines.
TOLD: Final = (Role.AUDITOR, Role.ADMINISTRATOR)
MOST_NAMED: Final = 20
#: A day, less what an hourly bell may come early.
WHOLE_EVERY: Final = timedelta(hours=23, minutes=30)


@dataclass(frozen=True)
class Whole:
    """All seals up to ``seal`` were checked at ``at``, and were whole."""

    seal: int
    at: datetime


#: The last whole check of this process. A process that begins makes one, so that a night without a worker is made good.
_WHOLE: Final[list[Whole]] = []

log = structlog.get_logger(__name__)


def seal_or_tell() -> Seal | None:
    """Seal the log; a failure is written down and told once, until a seal has been made and copied again."""
    try:
        return seal_now()
    except (DatabaseError, OSError, InvalidSealKey) as error:
        because = " ".join(str(error).split())
        log.error("sealing_failed", because=because)
        _tell_once_of_failure(because)
        return None


def watch_or_tell() -> None:
    """Compare the log with the second place before anything is sent, and write down what a log behind it has lost; a
    place that cannot be read is told."""
    if not settings.AUDIT_SEAL_KEY:
        return
    try:
        if behind.watch() is not None:
            check_or_tell()
    except (OSError, InvalidSealKey) as error:
        log.error("second_place_not_compared", because=str(error))
        _tell_once_of_failure(str(error))


def _tell_once_of_failure(because: str) -> None:
    """What came first is asked of the log's own numbers: a moment may have been written while the clock ran ahead."""
    with transaction.atomic():
        failed = Entry.objects.filter(event="seals.failed").order_by("-number").first()
        if failed is None or SealCopy.objects.filter(seal__entry__gte=failed.number).exists():
            record("seals.failed", by=BY, reason=because, result=Entry.Result.FAILED)
            _alarm("failed", because)


def check_as_due() -> list[str]:
    """Check the seals made since this process last checked all of them, and once a day all of them: opening a year's
    hundred thousand files each hour is dear. While something is wrong every check is a whole one, so that what is said
    to be well again is."""
    newest = Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0
    if newest_trouble() or not _WHOLE or clock.now() - _WHOLE[-1].at >= WHOLE_EVERY:
        sentences = check_or_tell()
        if not sentences:
            _WHOLE[:] = [Whole(newest, clock.now())]
        return sentences
    return check_or_tell(since=_WHOLE[-1].seal)


def check_or_tell(since: int = 0) -> list[str]:
    """Check the seals in both places; what is wrong is written down and told once, and that it is well again too.

    :param since: see `checking.seal_faults`.
    """
    sentences = [fault.sentence for fault in islice(seal_faults(since), MOST_NAMED)]
    found, known = " ".join(sentences), newest_trouble()
    if found != known:
        with transaction.atomic():
            if found:
                record("seals.faulty", by=BY, reason=found, result=Entry.Result.FAILED)
                _alarm("faulty", sentences[0])
            else:
                record("seals.whole", by=BY)
    return sentences


def _alarm(what: str, sentence: str) -> None:
    for person in Person.objects.filter(role__in=TOLD, is_active=True):
        tell(person, Letter.SEALS_ALARM, {"what": what, "sentence": sentence})
