"""A business day of the reconciliation: prepared, reviewed by another person, closed, and checked ever after."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import Request
from backoffice.database.models import AppendOnlyModel, KeptModel, born_in
from backoffice.reconciliation.models.runs import Run


class DayState(models.TextChoices):
    PREPARED = "prepared", _("Prepared, to be reviewed")
    REVIEWED = "reviewed", _("Reviewed, to be closed")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Reopened")


DAY_MOVES = [
    ("prepared", "reviewed"),
    ("reviewed", "prepared"),
    ("reviewed", "closed"),
    ("closed", "reopened"),
    ("reopened", "prepared"),
]


class Day(KeptModel):
    """One calendar day in the company's time zone; a day without a row is open and nobody has prepared it.

    ``run`` is the run that was prepared; signing binds to its digest. ``version`` counts the closings: it rises with
    each reopening. ``approval`` is the newest request to reopen it.
    """

    date = models.DateField(primary_key=True)
    zone = models.CharField(max_length=64)
    version = models.IntegerField(default=1)
    state = models.CharField(max_length=12, choices=DayState, default=DayState.PREPARED)
    run = models.ForeignKey(Run, on_delete=models.RESTRICT, related_name="days")
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    prepared_at = models.DateTimeField()
    note = models.TextField(blank=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    review_note = models.TextField(blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True, help_text=_("When the closed day was last checked for drift"))
    approval = models.ForeignKey(Request, null=True, on_delete=models.RESTRICT, related_name="+")

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=Q(state__in=DayState.values), name="day_state_known"),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("prepared_by")), name="day_reviewed_by_another"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[DayState.REVIEWED, DayState.CLOSED])
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="day_reviewed_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state=DayState.CLOSED) | Q(closed_by__isnull=False, closed_at__isnull=False),
                name="day_closed_by_somebody",
            ),
        ]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(DayState.PREPARED),
            pgtrigger.FSM(name="state_moves", field="state", transitions=DAY_MOVES),
            pgtrigger.Trigger(
                name="signed_on_a_complete_run",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM reconciliation_run r WHERE r.id = NEW.run_id AND r.is_complete
                        AND r.source = 'operations' AND r.client_id IS NULL
                        AND r.window_from = NEW.date::timestamp AT TIME ZONE NEW.zone
                        AND r.window_to = (NEW.date + 1)::timestamp AT TIME ZONE NEW.zone
                    ) THEN
                        RAISE EXCEPTION 'day % needs a complete run of the whole day', NEW.date
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="what_was_reviewed_is_closed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__state__in=[DayState.REVIEWED, DayState.CLOSED]),
                func="""
                    IF NEW.run_id IS DISTINCT FROM OLD.run_id
                       OR NEW.prepared_by_id IS DISTINCT FROM OLD.prepared_by_id THEN
                        RAISE EXCEPTION 'day % is signed as it was prepared', NEW.date
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.state = 'closed' AND OLD.state <> 'closed' AND NOT EXISTS (
                        SELECT 1 FROM reconciliation_dayreport d
                        WHERE d.day_id = NEW.date AND d.version = NEW.version AND d.run_id = NEW.run_id
                    ) THEN
                        RAISE EXCEPTION 'day % is closed with its report', NEW.date USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="reopened_by_two_people",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__state=DayState.REOPENED) & ~pgtrigger.Q(old__state=DayState.REOPENED),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_request r WHERE r.id = NEW.approval_id AND r.kind = 'reopening'
                        AND r.state = 'approved' AND r.subject = 'day-' || NEW.date || '-' || OLD.version
                    ) OR NEW.version <> OLD.version + 1 THEN
                        RAISE EXCEPTION 'day % is reopened and nobody agreed', NEW.date
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.date.isoformat()


class DayReport(AppendOnlyModel):
    """What was signed when a day was closed: the report in canonical form, its digest, its place in the audit chain.

    ``entry_number`` and ``entry_hash`` are the newest entry of the log when the report was made.
    """

    day = models.ForeignKey(Day, on_delete=models.RESTRICT, related_name="reports")
    version = models.IntegerField()
    run = models.ForeignKey(Run, on_delete=models.RESTRICT, related_name="+")
    content = models.BinaryField()
    digest = models.CharField(max_length=64)
    entry_number = models.BigIntegerField()
    entry_hash = models.CharField(max_length=64)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    made_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["day", "version"], name="one_report_per_closing")]


class Drift(AppendOnlyModel):
    """Something of a closed day that is no longer as it was signed."""

    class Kind(models.TextChoices):
        APPEARED = "appeared", _("Appeared")
        VANISHED = "vanished", _("Vanished")
        CHANGED = "changed", _("Changed")

    report = models.ForeignKey(DayReport, on_delete=models.RESTRICT, related_name="drifts")
    run = models.ForeignKey(Run, on_delete=models.RESTRICT, related_name="drifts")
    key = models.TextField()
    kind = models.CharField(max_length=12, choices=Kind)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    digest = models.CharField(max_length=64, help_text=_("Of what it is now: the same change is told once"))
    seen_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["report", "key", "digest"], name="one_drift_per_change")]
