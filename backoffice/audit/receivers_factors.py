"""What happens to second factors, written down as the accounts app tells of it (security.md §3)."""

from typing import Any

from django.dispatch import receiver

from backoffice.accounts.models import Person
from backoffice.accounts.signals import codes_blocked, factor_failed
from backoffice.audit.models import Entry
from backoffice.audit.receivers import DOOR
from backoffice.audit.services import record


@receiver(factor_failed)
def code_was_wrong(person: Person, is_signed_in: bool, tries_left: int, **_kwargs: Any) -> None:
    actor, after = person if is_signed_in else DOOR, {"tries_left": tries_left}
    record("factor.failed", by=actor, obj=person, after=after, result=Entry.Result.REFUSED)


@receiver(codes_blocked)
def codes_were_blocked(person: Person, is_signed_in: bool, **_kwargs: Any) -> None:
    record("factor.blocked", by=person if is_signed_in else DOOR, obj=person, result=Entry.Result.REFUSED)
