"""What people decided on requests, in their own name or for somebody who is away."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Proof
from backoffice.approvals.models.request import Request
from backoffice.database.models import KeptModel


class Decision(KeptModel):
    """What one person decided on one request. The requester is repeated, tied to the request by a composite foreign
    key, so that a CHECK can refuse self-approval whichever code asks.

    ``for_person`` is who was away and had handed over to ``decided_by``. A person counts once and a voice counts once.
    An approval can be taken back; it then counts no more and stays in the record.
    """

    class Verdict(models.TextChoices):
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    request = models.ForeignKey(Request, on_delete=models.RESTRICT, related_name="decisions")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    for_person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict)
    reason_code = models.CharField(max_length=32, blank=True)
    note = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=64)
    proof = models.ForeignKey(Proof, null=True, on_delete=models.RESTRICT, related_name="+")
    decided_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["request", "decided_by"],
                condition=models.Q(taken_back_at=None),
                name="one_decision_per_person",
            ),
            models.UniqueConstraint(
                "request",
                Coalesce("for_person", "decided_by"),
                condition=models.Q(taken_back_at=None),
                name="one_decision_per_voice",
            ),
            models.UniqueConstraint(fields=["proof", "request"], name="proof_decides_once_per_request"),
            models.CheckConstraint(
                condition=~models.Q(decided_by=models.F("requested_by")), name="nobody_decides_their_own_request"
            ),
            models.CheckConstraint(
                condition=models.Q(for_person=None)
                | (~models.Q(for_person=models.F("requested_by")) & ~models.Q(for_person=models.F("decided_by"))),
                name="nobody_decides_for_the_requester",
            ),
            models.CheckConstraint(
                condition=models.Q(verdict="approved") | ~models.Q(note=""), name="rejection_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(verdict="approved") | models.Q(taken_back_at=None), name="rejections_stay"
            ),
        ]
        indexes = [models.Index(fields=["decided_by", "decided_at"], name="decision_by_person")]
        triggers = [
            *KeptModel.Meta.triggers,
            pgtrigger.ReadOnly(name="decisions_stay", exclude=["taken_back_at"]),
            pgtrigger.Protect(
                name="taken_back_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__taken_back_at__isnull=False),
            ),
            pgtrigger.Trigger(
                name="decided_by_somebody_entitled",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.verdict = 'approved' AND NOT EXISTS (
                        SELECT 1 FROM accounts_proof p WHERE p.id = NEW.proof_id
                        AND p.person_id = NEW.decided_by_id AND NEW.fingerprint = ANY(p.covers)
                        AND NEW.decided_at BETWEEN p.made_at AND p.made_at + interval '5 minutes'
                    ) THEN
                        RAISE EXCEPTION 'request % is not approved with a fresh proof for it', NEW.request_id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.for_person_id IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM approvals_delegation d
                        WHERE d.away_id = NEW.for_person_id AND d.stand_in_id = NEW.decided_by_id
                        AND d.begins_at <= NEW.decided_at AND NEW.decided_at < d.ends_at AND d.ended_at IS NULL
                    ) THEN
                        RAISE EXCEPTION 'nobody handed over to who decides on request %', NEW.request_id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF EXISTS (
                        SELECT 1 FROM approvals_request r WHERE r.id = NEW.request_id
                        AND r.barred_id IN (NEW.decided_by_id, NEW.for_person_id)
                    ) THEN
                        RAISE EXCEPTION 'request % would undo what its decider did', NEW.request_id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # After the insert, so that the constraints above, which say more, have spoken first.
            pgtrigger.Trigger(
                name="decided_by_managers",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM accounts_person p WHERE p.id IN (NEW.decided_by_id, NEW.for_person_id)
                        AND NOT (p.role = 'manager' AND p.is_active)
                    ) THEN
                        RAISE EXCEPTION 'request % is decided on by or for somebody who is no manager', NEW.request_id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]
