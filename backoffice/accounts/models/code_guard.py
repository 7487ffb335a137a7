"""What a person's codes did lately: the wrong ones, and those that were used (security.md S18, S19)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from backoffice.accounts.models.person import Person


class CodeGuard(models.Model):
    """One row for each person, locked while a code is looked at, so that no two processes look at the same time."""

    person = models.OneToOneField(Person, on_delete=models.RESTRICT, primary_key=True, related_name="+")
    #: When codes of this person were wrong, within the last half hour.
    failed_at = ArrayField(models.DateTimeField(), default=list)
    #: The 30-second steps whose codes were used and would still be taken.
    spent_steps = ArrayField(models.BigIntegerField(), default=list)
