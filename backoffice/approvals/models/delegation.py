"""Who decides for a manager who is away."""

import pgtrigger
from django.conf import settings
from django.db import models

from backoffice.accounts.models import Proof
from backoffice.database.models import KeptModel


class Delegation(KeptModel):
    """``stand_in`` may decide for ``away`` in ``[begins_at, ends_at)``, on what waits already too.

    Both are managers: a delegation names whose voice is used, it never gives a right its holder's role has not
    (docs/adr/0019). ``ended_at`` is set when it is ended before its time.
    """

    away = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    stand_in = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    made_at = models.DateTimeField()
    made_with = models.OneToOneField(Proof, on_delete=models.RESTRICT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(away=models.F("stand_in")), name="delegation_is_to_somebody_else"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("begins_at")), name="delegation_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_by=None)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="delegation_ended_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["stand_in", "ends_at"], name="delegation_of_stand_in")]
        triggers = [
            *KeptModel.Meta.triggers,
            pgtrigger.ReadOnly(name="delegation_stays", exclude=["ended_at", "ended_by"]),
            pgtrigger.Protect(
                name="ended_once", operation=pgtrigger.Update, condition=pgtrigger.Q(old__ended_at__isnull=False)
            ),
        ]
