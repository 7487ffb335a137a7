"""Who decides for a manager who is away."""

from datetime import datetime
from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Func, Value

from backoffice.accounts.models import Proof
from backoffice.database.models import KeptModel


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force_at(self, now: datetime) -> Self:
        """Keep those with which somebody decides for somebody else at ``now``."""
        return self.filter(begins_at__lte=now, ends_at__gt=now, ended_at=None)


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

    objects: ClassVar[models.Manager["Delegation"]] = DelegationQuerySet.as_manager()

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
            # A range of one number, since equality has no GiST operators without an extension.
            ExclusionConstraint(
                name="one_stand_in_at_a_time",
                expressions=[
                    (Func("away", "away", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func("begins_at", "ends_at", function="tstzrange"), RangeOperators.OVERLAPS),
                ],
                condition=models.Q(ended_at=None),
            ),
        ]
        indexes = [models.Index(fields=["stand_in", "ends_at"], name="delegation_of_stand_in")]
        triggers = [
            *KeptModel.Meta.triggers,
            pgtrigger.ReadOnly(name="delegation_stays", exclude=["ended_at", "ended_by"]),
            pgtrigger.Protect(
                name="ended_once", operation=pgtrigger.Update, condition=pgtrigger.Q(old__ended_at__isnull=False)
            ),
            pgtrigger.Trigger(
                name="handed_over_between_managers",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF (SELECT count(*) FROM accounts_person
                        WHERE id IN (NEW.away_id, NEW.stand_in_id) AND role = 'manager' AND is_active) < 2
                    OR NOT EXISTS (SELECT 1 FROM accounts_person WHERE id = NEW.made_by_id AND is_active
                        AND (id = NEW.away_id OR role = 'administrator'))
                    OR NOT EXISTS (SELECT 1 FROM accounts_proof p WHERE p.id = NEW.made_with_id
                        AND p.person_id = NEW.made_by_id
                        AND NEW.made_at BETWEEN p.made_at AND p.made_at + interval '5 minutes'
                        AND encode(sha256(convert_to(concat_ws(':', 'delegation', NEW.away_id, NEW.stand_in_id,
                            (extract(epoch FROM NEW.begins_at) * 1000000)::bigint,
                            (extract(epoch FROM NEW.ends_at) * 1000000)::bigint), 'UTF8')), 'hex') = ANY(p.covers))
                    THEN
                        RAISE EXCEPTION 'person % hands over to person % without the right or a fresh proof for it',
                            NEW.away_id, NEW.stand_in_id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]
