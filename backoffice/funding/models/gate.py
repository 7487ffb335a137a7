"""The one row every claim reads before money leaves: is sending paused or halted? (reliability.md §5)"""

from datetime import datetime, timedelta
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.database import clock
from backoffice.database.models import KeptModel

#: Whatever the partner asks for, sending is tried again after that.
LONGEST_PAUSE: Final = timedelta(minutes=5)


class HaltCode(models.TextChoices):
    """Why sending stopped by itself."""

    UNAUTHORISED = "unauthorised", _("Three refusals of our signature in a row")
    CLOCK = "clock", _("Our clock is off")
    ENVIRONMENT = "environment", _("Another environment than the last payment's")


def paused_at(now: datetime) -> models.Q:
    """Tell of the gate whether a pause holds at ``now``. One that reaches further than a pause can was written while
    the database's clock ran ahead, and holds nothing."""
    return models.Q(paused_until__gt=now, paused_until__lte=_latest_pause(now))


def _latest_pause(now: datetime) -> datetime:
    return now + LONGEST_PAUSE + clock.SET_BACK


class Gate(KeptModel):
    """Pauses end by themselves (a 429); a halt needs a person (three 401 in a row, a clock that is off, another
    environment). ``environment`` is the one the last attempt was claimed for, ``server`` the database server and its
    timeline that workers last found; both empty before the first. ``is_here`` is known of a gate that is shared alone:
    whether that server is the one that is asked.
    """

    is_here: bool

    id = models.SmallIntegerField(primary_key=True, default=1)
    paused_until = models.DateTimeField(null=True)
    halted_at = models.DateTimeField(null=True)
    halted_because = models.TextField(blank=True)
    halt_code = models.CharField(max_length=16, choices=HaltCode, blank=True)
    unauthorised_in_a_row = models.SmallIntegerField(default=0)
    environment = models.CharField(max_length=64, blank=True)
    server = models.CharField(max_length=64, blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="funding_has_one_gate")]

    def is_paused(self, now: datetime) -> bool:
        """Tell whether a pause holds at ``now``, as `paused_at` does."""
        return self.paused_until is not None and now < self.paused_until <= _latest_pause(now)
