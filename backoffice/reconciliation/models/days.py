"""A business day of the reconciliation: prepared, reviewed by another person, closed, and checked ever after."""

from typing import Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Proof
from backoffice.approvals.models import Request
from backoffice.database.models import AppendOnlyModel, KeptModel, born_in
from backoffice.reconciliation.models.runs import Run


class DayState(models.TextChoices):
    PREPARED = "prepared", _("Prepared, to be reviewed")
    SENT_BACK = "sent_back", _("Sent back")
    REVIEWED = "reviewed", _("Reviewed, to be closed")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Reopened")


DAY_MOVES = [
    ("prepared", "reviewed"),
    ("prepared", "sent_back"),
    ("reviewed", "sent_back"),
    ("reviewed", "prepared"),
    ("sent_back", "prepared"),
    ("reviewed", "closed"),
    ("closed", "reopened"),
    ("reopened", "prepared"),
]


def signed_by_a_manager(state: str) -> pgtrigger.Trigger:
    """Demand that whoever moves a day into ``state`` is a manager who has just shown a second factor for it."""
    return pgtrigger.Trigger(
        name=f"{state}_by_a_manager",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(new__state=state) & ~pgtrigger.Q(old__state=state),
        func=f"""
            IF NOT EXISTS (
                SELECT 1 FROM accounts_person p JOIN accounts_proof f ON f.person_id = p.id
                WHERE p.id = NEW.{state}_by_id AND p.role = 'manager' AND p.is_active AND f.id = NEW.{state}_with_id
                AND NEW.{state}_at BETWEEN f.made_at AND f.made_at + interval '5 minutes'
            ) THEN
                RAISE EXCEPTION 'day % is not {state} by a manager with a fresh proof', NEW.date
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,  # noqa: S608  (no value of anybody's: two states of this module)
    )


SIGNED: Final = (DayState.REVIEWED, DayState.CLOSED)
#: What may change of a day that stays as signed as it is: what is found of it, and who asks to reopen it.
NOT_SIGNED: Final = ("checked_at", "unchecked_since", "unchecked_because", "approval_id")
#: What a closing adds to a reviewed day.
CLOSING: Final = ("state", "closed_by_id", "closed_at", "closed_with_id")


def signatures_stay() -> pgtrigger.Trigger:
    """Refuse that anything of a reviewed or closed day changes under its signatures."""
    found = "'{" + ",".join(NOT_SIGNED) + "}'::text[]"
    closing = "'{" + ",".join(CLOSING) + "}'::text[]"
    return pgtrigger.Trigger(
        name="signatures_stay",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__state__in=SIGNED, new__state__in=SIGNED),
        func=f"""
            IF (to_jsonb(NEW) - {found} - CASE WHEN NEW.state <> OLD.state THEN {closing} ELSE '{{}}' END)
               <> (to_jsonb(OLD) - {found} - CASE WHEN NEW.state <> OLD.state THEN {closing} ELSE '{{}}' END) THEN
                RAISE EXCEPTION 'day % is signed as it stands', NEW.date USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


class Day(KeptModel):
    """One calendar day in the company's time zone; a day without a row is open and nobody has prepared it.

    ``run`` is the run that was prepared; signing binds to its digest. ``version`` counts the closings: it rises with
    each reopening. ``reviewed_with`` and ``closed_with`` are the second factors shown for exactly that.
    ``approval`` is the newest request to reopen it. ``unchecked_because`` says why the newest check of a closed day
    could not see all of it, and ``unchecked_since`` from when on that is so: what it is now is then not known.
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
    review_note = models.TextField(blank=True, help_text=_("What the reviewer said, signing or sending back"))
    reviewed_with = models.OneToOneField(Proof, null=True, on_delete=models.RESTRICT, related_name="+")
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_with = models.OneToOneField(Proof, null=True, on_delete=models.RESTRICT, related_name="+")
    checked_at = models.DateTimeField(null=True, help_text=_("When the closed day was last compared in full"))
    unchecked_since = models.DateTimeField(null=True, help_text=_("When a check first could not see all of it"))
    unchecked_because = models.TextField(blank=True)
    approval = models.ForeignKey(Request, null=True, on_delete=models.RESTRICT, related_name="+")

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=Q(state__in=DayState.values), name="day_state_known"),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("prepared_by")), name="day_reviewed_by_another"
            ),
            models.CheckConstraint(
                condition=Q(closed_by=None) | ~Q(closed_by=F("prepared_by")), name="day_closed_by_another"
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
            models.CheckConstraint(
                condition=Q(unchecked_since=None, unchecked_because="")
                | (Q(unchecked_since__isnull=False) & ~Q(unchecked_because="")),
                name="day_unchecked_for_a_reason",
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
                    IF NEW.state = 'closed' AND OLD.state <> 'closed' AND EXISTS (
                        SELECT 1 FROM reconciliation_exceptionitem e
                        WHERE e.day = NEW.date AND e.state IN ('open', 'waiting')
                    ) THEN
                        RAISE EXCEPTION 'day % has open exceptions', NEW.date USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            signed_by_a_manager("reviewed"),
            signed_by_a_manager("closed"),
            signatures_stay(),
            pgtrigger.Trigger(
                name="reopened_by_two_people",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__state=DayState.REOPENED) & ~pgtrigger.Q(old__state=DayState.REOPENED),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_request r WHERE r.id = NEW.approval_id AND r.kind = 'reopening'
                        AND r.state = 'approved'
                        AND (r.subject = 'day-' || NEW.date || '-' || OLD.version
                             OR r.subject LIKE 'day-' || NEW.date || '-' || OLD.version || '-%')
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
