"""What happens to second factors, written down as the accounts app tells of it (security.md §3)."""

from typing import Any

from django.dispatch import receiver

from backoffice.accounts.models import Person
from backoffice.accounts.signals import (
    codes_blocked,
    factor_added,
    factor_failed,
    factor_removed,
    recovery_code_used,
    recovery_codes_made,
)
from backoffice.audit.models import Entry
from backoffice.audit.receivers import DOOR
from backoffice.audit.services import record


@receiver(factor_failed)
def factor_was_wrong(person: Person, is_signed_in: bool, after: dict[str, Any], **_kwargs: Any) -> None:
    actor = person if is_signed_in else DOOR
    record("factor.failed", by=actor, obj=person, after=after, result=Entry.Result.REFUSED)


@receiver(codes_blocked)
def codes_were_blocked(person: Person, is_signed_in: bool, **_kwargs: Any) -> None:
    record("factor.blocked", by=person if is_signed_in else DOOR, obj=person, result=Entry.Result.REFUSED)


@receiver(factor_added)
def factor_was_added(person: Person, factor: str, name: str, is_first: bool, **_kwargs: Any) -> None:
    after = {"factor": factor, **({"name": name} if name else {})}
    record("factor.enrolled" if is_first else "factor.added", by=person, obj=person, after=after)


@receiver(factor_removed)
def factor_was_removed(person: Person, factor: str, name: str, **_kwargs: Any) -> None:
    record("factor.removed", by=person, obj=person, before={"factor": factor, "name": name})


@receiver(recovery_codes_made)
def codes_were_made(person: Person, **_kwargs: Any) -> None:
    record("recovery.made", by=person, obj=person)


@receiver(recovery_code_used)
def code_was_used(person: Person, left: int, **_kwargs: Any) -> None:
    record("recovery.used", by=person, obj=person, after={"left": left})
