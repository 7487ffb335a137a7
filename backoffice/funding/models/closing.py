"""The end of an operation that only people can decide on: who asked for it, on what evidence."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import Request
from backoffice.database.models import AppendOnlyModel
from backoffice.funding.models.operation import Operation


class Closing(AppendOnlyModel):
    """What finance asks a manager to sign: that an operation in review was completed, or that nothing was moved.

    ``order_id`` is the partner's order that a completed one is booked with; ``findings`` what was known of it when the
    closing was asked for, so that what was signed can be read later. Its state is its request's.
    """

    class Outcome(models.TextChoices):
        COMPLETED = "completed", _("It was completed")
        FAILED = "failed", _("Nothing was moved")

    class ReasonCode(models.TextChoices):
        CONFIRMED = "confirmed", _("CoinMENA confirmed it in writing")
        ABSENT = "absent", _("CoinMENA has no such order")
        REVERSED = "reversed", _("CoinMENA reversed or corrected it")
        OTHER = "other", _("Something else")

    key = models.CharField(max_length=64, unique=True)
    operation = models.ForeignKey(Operation, on_delete=models.RESTRICT, related_name="closings")
    outcome = models.CharField(max_length=16, choices=Outcome)
    reason_code = models.CharField(max_length=16, choices=ReasonCode)
    statement = models.TextField()
    order_id = models.BigIntegerField(null=True)
    findings = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64)
    approval = models.OneToOneField(Request, on_delete=models.RESTRICT, related_name="closing")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    asked_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="completed", order_id__isnull=False) | Q(outcome="failed", order_id=None),
                name="closing_completed_with_its_order",
            ),
            models.CheckConstraint(condition=~Q(statement=""), name="closing_says_why"),
        ]

    def __str__(self) -> str:
        return self.key


class ClosingEvidence(AppendOnlyModel):
    """One file attached to a closing: the partner's statement, as it was received."""

    closing = models.ForeignKey(Closing, on_delete=models.RESTRICT, related_name="evidence")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=64)
    content = models.BinaryField()
    size = models.IntegerField()
    digest = models.CharField(max_length=64)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="evidence_is_not_empty")]
        triggers = [
            *AppendOnlyModel.Meta.triggers,
            pgtrigger.Trigger(
                name="attached_before_it_is_signed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM funding_closing c JOIN approvals_request r ON r.id = c.approval_id
                        WHERE c.id = NEW.closing_id AND r.state = 'waiting'
                    ) THEN
                        RAISE EXCEPTION 'evidence is attached before a closing is signed'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]
