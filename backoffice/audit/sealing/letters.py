"""The day's seals by e-mail to the auditors: a third place, out of reach of whoever holds the machines."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.template import Context
from django.template.loader import get_template
from django.utils import translation

from backoffice.accounts.models import Person, Role
from backoffice.audit.models import Seal, SealLetter
from backoffice.audit.sealing.second_place import line_of
from backoffice.database import clock

#: Seals in one letter: ten days of them. Where no letter left for longer, several leave, one a run.
MOST_IN_ONE: Final = 3_000

log = structlog.get_logger(__name__)


def send_due_letter() -> SealLetter | None:
    """Send the auditors the seals made before today that no letter has taken yet; None where there are none.

    Where nobody is an auditor the seals wait. The letter is noted after the mail server has taken it: one that is
    interrupted in between arrives twice rather than never.

    :raises OSError: when the mail server does not take it.
    """
    to = list(Person.objects.filter(role=Role.AUDITOR, is_active=True).order_by("id").values_list("email", flat=True))
    seals = due_seals() if to else []
    if not seals:
        return None
    written(seals, to).send()
    log.info("seals mailed", first=seals[0].number, last=seals[-1].number)
    return SealLetter.objects.create(last=seals[-1], count=len(seals), at=clock.now())


def due_seals() -> list[Seal]:
    """Return the seals no letter took that were made before the company's day began, oldest first."""
    zone = ZoneInfo(settings.COMPANY_TIME_ZONE)
    today = clock.now().astimezone(zone).date()
    begin = datetime(today.year, today.month, today.day, tzinfo=zone)
    last = SealLetter.objects.order_by("-last").values_list("last", flat=True).first() or 0
    return list(Seal.objects.filter(number__gt=last, at__lt=begin).order_by("number")[:MOST_IN_ONE])


def written(seals: list[Seal], to: list[str]) -> EmailMessage:
    """Write the letter, with one line per seal as the second place has it."""
    first, last = seals[0], seals[-1]
    values = {
        "first": f"{first.number:,}",
        "last": f"{last.number:,}",
        "entry": f"{last.entry:,}",
        "hash": last.hash,
        "product": f"{settings.COMPANY_NAME} back office".strip(),
        "site": settings.PUBLIC_URL,
    }
    with translation.override(settings.LANGUAGE_CODE):
        page = get_template("audit/mail/seals.txt").template.render(Context(values, autoescape=False))  # type: ignore[attr-defined]
    subject, _, text = page.strip().partition("\n")
    message = EmailMessage(subject=subject, body=text.strip() + "\n", to=to)
    lines = "".join(line_of(seal.canonical, seal.hash, seal.signature) for seal in seals)
    message.attach(f"seals-{first.number:09}-{last.number:09}.jsonl", lines, "application/jsonl")
    return message
