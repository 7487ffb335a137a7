"""What was sent and what was heard: attempts, lookups and their answers. Written once, never changed."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.database.models import AppendOnlyModel
from backoffice.funding.models.operation import Operation


class Evidence(models.TextChoices):
    """What one observation proves (reliability.md §2)."""

    APPLIED = "applied", _("Applied")
    NOT_APPLIED = "not_applied", _("Not applied")
    NEVER_SENT = "never_sent", _("Never sent")
    UNKNOWN = "unknown", _("Unknown")


class Attempt(AppendOnlyModel):
    """One POST for an operation, made durable before its first byte: claim, lease and the exact body."""

    operation = models.ForeignKey(Operation, on_delete=models.RESTRICT, related_name="attempts")
    number = models.SmallIntegerField()
    lease_token = models.UUIDField()
    worker = models.CharField(max_length=64)
    environment = models.CharField(max_length=64)
    body = models.BinaryField()
    body_digest = models.CharField(max_length=64)
    planned_at = models.DateTimeField(help_text=_("The timestamp the request will carry, at the latest"))
    claimed_at = models.DateTimeField()
    #: The newest look-up before it: whatever a clock says, all others were made after this attempt.
    last_lookup = models.ForeignKey("Lookup", on_delete=models.RESTRICT, null=True, db_index=False, related_name="+")

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["operation", "number"], name="attempt_numbers_count_up")]
        indexes = [models.Index(fields=["claimed_at"], name="first_attempts_by_claim", condition=models.Q(number=1))]
        triggers = [
            *AppendOnlyModel.Meta.triggers,
            pgtrigger.Trigger(
                name="the_same_bytes_every_time",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.body_digest <> encode(sha256(NEW.body), 'hex') OR EXISTS (
                        SELECT 1 FROM funding_attempt
                        WHERE operation_id = NEW.operation_id AND body_digest <> NEW.body_digest
                    ) THEN
                        RAISE EXCEPTION 'attempt % asks for something else than its operation did before', NEW.number
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]


class Answer(AppendOnlyModel):
    """What came back, or did not, of one exchange with the partner."""

    evidence = models.CharField(max_length=16, choices=Evidence)
    http_status = models.SmallIntegerField(null=True)
    code = models.CharField(max_length=32, blank=True)
    raw = models.BinaryField(default=bytes)
    raw_digest = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text=_("SHA-256 of all that was received; ``raw`` may hold only its beginning"),
    )
    partner_date = models.DateTimeField(null=True)
    duration_ms = models.IntegerField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    sentence = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        abstract = True


class AttemptOutcome(Answer):
    """The answer to an attempt, or that it was lost. A late answer may still follow a lost one."""

    class Kind(models.TextChoices):
        ANSWER = "answer"
        LOST = "lost"

    attempt = models.ForeignKey(Attempt, on_delete=models.RESTRICT, related_name="outcomes")
    kind = models.CharField(max_length=8, choices=Kind)
    row = models.CharField(max_length=4, help_text=_("The row of reliability.md §5, A1 to A14"))
    signed_at = models.DateTimeField(null=True, help_text=_("The timestamp the request really carried"))

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["attempt", "kind"], name="one_answer_per_attempt"),
            models.CheckConstraint(
                condition=~models.Q(kind="lost") | models.Q(evidence=Evidence.UNKNOWN), name="lost_proves_nothing"
            ),
        ]


class Lookup(AppendOnlyModel):
    """One GET by reference, asked because an operation is in doubt or because a person pressed *Check now*."""

    operation = models.ForeignKey(Operation, on_delete=models.RESTRICT, related_name="lookups")
    worker = models.CharField(max_length=64)
    environment = models.CharField(max_length=64)
    asked_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["operation", "asked_at"], name="lookups_of_an_operation")]


class LookupAnswer(Answer):
    """What a lookup heard. ``found`` is empty when nothing can be said.

    ``counts`` marks a "not found" that met conditions 1 to 4 of reliability.md §6; ``conditions`` says which of the six
    held, so that the page can show the reasoning as it was.
    """

    lookup = models.OneToOneField(Lookup, on_delete=models.RESTRICT, related_name="answer")
    found = models.BooleanField(null=True)
    counts = models.BooleanField(default=False)
    conditions = models.JSONField(default=dict)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=models.Q(counts=False) | models.Q(found=False, http_status=404, partner_date__isnull=False),
                name="counts_only_a_dated_not_found",
            ),
        ]
