"""The one row every claim reads before money leaves: is sending paused or halted? (reliability.md §5)"""

from django.db import models

from backoffice.database.models import KeptModel


class Gate(KeptModel):
    """Pauses end by themselves (a 429); a halt needs a person (three 401 in a row, a clock that is off)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    paused_until = models.DateTimeField(null=True)
    halted_at = models.DateTimeField(null=True)
    halted_because = models.TextField(blank=True)
    unauthorised_in_a_row = models.SmallIntegerField(default=0)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="funding_has_one_gate")]
