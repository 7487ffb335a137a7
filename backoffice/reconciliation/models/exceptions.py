"""What a person has to look at, over all runs that see it: whose it is, by when, and how it ended."""

from typing import Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import Request
from backoffice.database.fields import AmountField
from backoffice.database.models import AppendOnlyModel, KeptModel, born_in
from backoffice.funding.models import Operation
from backoffice.reconciliation.models.runs import Finding, Run, Source


class ExceptionState(models.TextChoices):
    OPEN = "open", _("Open")
    WAITING = "waiting", _("Waiting for approval")
    CARRIED = "carried", _("Carried forward")
    RESOLVED = "resolved", _("Resolved")
    CLEARED = "cleared", _("Cleared by partner data")


#: Nothing is left to do, unless a later run finds it changed.
ENDED = (ExceptionState.RESOLVED, ExceptionState.CLEARED)

#: What somebody has to do something about: neither ended nor carried forward.
UNDONE: Final = (ExceptionState.OPEN, ExceptionState.WAITING)

EXCEPTION_MOVES = [
    ("open", "waiting"),
    ("open", "carried"),
    ("open", "resolved"),
    ("open", "cleared"),
    ("waiting", "open"),
    ("waiting", "resolved"),
    ("waiting", "cleared"),
    ("carried", "open"),
    ("carried", "waiting"),
    ("carried", "resolved"),
    ("carried", "cleared"),
    ("resolved", "open"),
    ("cleared", "open"),
]


class Severity(models.TextChoices):
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")


class Resolution(models.TextChoices):
    """How an exception is dealt with. None of them changes an amount on either side."""

    LINKED = "linked", _("Linked to an operation in review")
    MADE_ELSEWHERE = "made_elsewhere", _("Made elsewhere, adopted")
    TIMING = "timing", _("Timing, carried forward")
    ACCEPTED = "accepted", _("Accepted as the partner's correction")
    RAISED = "raised", _("Raised with the partner")


#: Ended although the two sides still differ: needs a second person.
FORCED = (Resolution.MADE_ELSEWHERE, Resolution.ACCEPTED)


#: What an exception may end by; the other resolutions carry it forward.
ENDING: Final = (Resolution.LINKED, *FORCED)


def waits_for_its_request() -> pgtrigger.Trigger:
    """Demand that an exception waits for a request about it that waits itself, and for the same to its end."""
    return pgtrigger.Trigger(
        name="waits_for_its_request",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(new__state=ExceptionState.WAITING),
        func="""
            IF OLD.state = 'waiting' THEN
                IF (NEW.approval_id, NEW.resolution) IS DISTINCT FROM (OLD.approval_id, OLD.resolution) THEN
                    RAISE EXCEPTION 'exception % waits for something else', NEW.id USING ERRCODE = 'check_violation';
                END IF;
            ELSIF NOT EXISTS (
                SELECT 1 FROM approvals_request r WHERE r.id = NEW.approval_id AND r.kind = 'resolution'
                AND r.state = 'waiting' AND r.subject LIKE 'exception-' || NEW.id || '-%%'
            ) THEN
                RAISE EXCEPTION 'exception % waits and nobody asked', NEW.id USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


def forced_by_two_people() -> pgtrigger.Trigger:
    """Demand that whoever ends an exception by force asked for exactly that, and that somebody else agreed.

    A request is good for the one time it was waited for: an exception that came back needs another.
    """
    return pgtrigger.Trigger(
        name="forced_by_two_people",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(new__state=ExceptionState.RESOLVED, new__resolution__in=FORCED),
        func="""
            IF OLD.state NOT IN ('waiting', 'resolved')
               OR (NEW.approval_id, NEW.resolution) IS DISTINCT FROM (OLD.approval_id, OLD.resolution)
               OR NOT EXISTS (
                SELECT 1 FROM approvals_request r WHERE r.id = NEW.approval_id AND r.kind = 'resolution'
                AND r.state = 'approved' AND r.requested_by_id = NEW.resolved_by_id
                AND r.subject LIKE 'exception-' || NEW.id || '-%%'
            ) THEN
                RAISE EXCEPTION 'exception % is resolved by force and nobody agreed', NEW.id
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


class ExceptionItem(KeptModel):
    """One discrepancy, found by as many runs as see it, from its first sight to its end.

    ``key`` says what it is about, within its source: ``operation:<reference>``, ``order:<id>``,
    ``entry:<ledger>:<reference>``, ``transaction:<id>:<fault>``, ``balance:<client>:<asset>``. ``difference`` is theirs
    less ours, signed from the client's side, of what completed; ``at_risk`` the money in question, never negative.
    ``day`` is the business day it belongs to, in the company's time zone.

    Indexed is what is asked for. Nobody deletes what a key of it names, so that a key alone is no reason for an index.
    """

    source = models.CharField(max_length=16, choices=Source)
    key = models.TextField()
    verdict = models.CharField(max_length=32)
    day = models.DateField()
    at = models.DateTimeField()
    client = models.TextField(blank=True)
    reference = models.TextField(blank=True)
    operation = models.ForeignKey(Operation, null=True, on_delete=models.RESTRICT, related_name="exceptions")
    order_id = models.BigIntegerField(null=True, db_index=True)
    transaction_id = models.UUIDField(null=True)
    asset = models.CharField(max_length=32, blank=True)
    difference = AmountField(null=True)
    at_risk = AmountField(null=True)
    state = models.CharField(max_length=16, choices=ExceptionState, default=ExceptionState.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+", db_index=False
    )
    severity = models.CharField(max_length=8, choices=Severity)
    due_at = models.DateTimeField()
    first_run = models.ForeignKey(Run, on_delete=models.RESTRICT, related_name="+", db_index=False)
    last_run = models.ForeignKey(Run, on_delete=models.RESTRICT, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=16, choices=Resolution, blank=True)
    resolution_text = models.TextField(blank=True)
    ticket = models.CharField(max_length=80, blank=True, help_text=_("The partner's number for what was raised"))
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+", db_index=False
    )
    approval = models.ForeignKey(Request, null=True, on_delete=models.RESTRICT, related_name="+", db_index=False)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="one_exception_per_subject"),
            models.CheckConstraint(condition=Q(state__in=ExceptionState.values), name="exception_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, ended_at__isnull=False) | (~Q(state__in=ENDED) & Q(ended_at=None)),
                name="exception_ended_when_it_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state=ExceptionState.RESOLVED)
                | (~Q(resolution="") & ~Q(resolution_text="") & Q(resolved_by__isnull=False)),
                name="exception_resolved_with_words",
            ),
            models.CheckConstraint(
                condition=~Q(state=ExceptionState.RESOLVED) | Q(resolution__in=ENDING),
                name="exception_ends_by_what_ends_it",
            ),
            models.UniqueConstraint(
                fields=["source", "operation"],
                condition=Q(state=ExceptionState.RESOLVED, resolution=Resolution.LINKED),
                name="one_order_linked_to_an_operation",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="exceptions_by_due"),
            models.Index(fields=["day", "state", "id"], name="exceptions_of_a_day"),
            models.Index(
                fields=["owner", "state", "due_at", "id"],
                name="exceptions_of_an_owner",
                condition=Q(owner__isnull=False),
            ),
            models.Index(fields=["client", "id"], name="exceptions_of_a_client"),
            models.Index(fields=["reference"], name="exceptions_by_reference"),
        ]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(ExceptionState.OPEN),
            pgtrigger.FSM(name="state_moves", field="state", transitions=EXCEPTION_MOVES),
            pgtrigger.ReadOnly(name="subject_is_frozen", fields=["source", "key", "day", "first_run", "opened_at"]),
            waits_for_its_request(),
            forced_by_two_people(),
        ]


class Sighting(AppendOnlyModel):
    """That a run saw an exception, and in which of its findings; written when it is new or found changed."""

    exception = models.ForeignKey(ExceptionItem, on_delete=models.RESTRICT, related_name="sightings", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.RESTRICT, related_name="sightings", db_index=False)
    finding = models.ForeignKey(Finding, null=True, on_delete=models.RESTRICT, related_name="+", db_index=False)
    verdict = models.CharField(max_length=32)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["exception", "run"], name="one_sighting_per_run")]


class ExceptionEvent(AppendOnlyModel):
    """One line of an exception's history: what was done to it, by whom, with which words."""

    class Kind(models.TextChoices):
        ASSIGNED = "assigned", _("Assigned")
        SEVERITY = "severity", _("Severity changed")
        DUE = "due", _("Due date changed")
        NOTE = "note", _("Note")
        LINK = "link", _("Link")
        READ_AGAIN = "read_again", _("Read again from the partner")
        CHANGED = "changed", _("Found changed")
        CARRIED = "carried", _("Carried forward")
        ASKED = "asked", _("Approval asked for")
        REFUSED = "refused", _("Approval not given")
        RESOLVED = "resolved", _("Resolved")
        CLEARED = "cleared", _("Cleared by partner data")
        REOPENED = "reopened", _("Open again")

    exception = models.ForeignKey(ExceptionItem, on_delete=models.RESTRICT, related_name="events", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+", db_index=False
    )
    run = models.ForeignKey(Run, null=True, on_delete=models.RESTRICT, related_name="+", db_index=False)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    text = models.TextField(blank=True)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["exception", "id"], name="events_of_an_exception")]
