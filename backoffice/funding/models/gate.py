"""The one row every claim reads before money leaves: is sending paused or halted? (reliability.md §5)"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.database.models import KeptModel


class HaltCode(models.TextChoices):
    """Why sending stopped by itself."""

    UNAUTHORISED = "unauthorised", _("Three refusals of our signature in a row")
    CLOCK = "clock", _("Our clock is off")
    ENVIRONMENT = "environment", _("Another environment than the last payment's")


class Gate(KeptModel):
    """Pauses end by themselves (a 429); a halt needs a person (three 401 in a row, a clock that is off, another
    environment). ``environment`` is the one the last attempt was claimed for; empty before the first.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    paused_until = models.DateTimeField(null=True)
    halted_at = models.DateTimeField(null=True)
    halted_because = models.TextField(blank=True)
    halt_code = models.CharField(max_length=16, choices=HaltCode, blank=True)
    unauthorised_in_a_row = models.SmallIntegerField(default=0)
    environment = models.CharField(max_length=64, blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="funding_has_one_gate")]
