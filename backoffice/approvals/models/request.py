"""Requests for a second person. One engine for whatever needs it (DESIGN.md §7)."""

from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Proof
from backoffice.approvals import states
from backoffice.database.fields import AmountField, amount_within_bounds
from backoffice.database.models import KeptModel, born_in


class Request(KeptModel):
    """Something that waits for the decision of a person other than the one who asked.

    ``fingerprint`` is the SHA-256 of the exact content that is decided on; the rule's name and version are pinned when
    the request is made.
    """

    kind = models.CharField(max_length=32)
    subject = models.CharField(max_length=128, help_text=_("What is decided on, e.g. an operation's reference"))
    title = models.TextField()
    client = models.TextField(blank=True)
    amount = AmountField(null=True)
    asset = models.CharField(max_length=32, blank=True)
    reason = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=64)
    rule = models.TextField()
    rule_version = models.IntegerField()
    people_needed = models.SmallIntegerField(default=1)
    state = models.CharField(max_length=16, choices=states.RequestState, default=states.RequestState.WAITING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    requested_at = models.DateTimeField()
    barred = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.RESTRICT,
        related_name="+",
        help_text=_("Whose act it would undo: may not decide on it either"),
    )
    asked_with = models.OneToOneField(
        Proof,
        null=True,
        on_delete=models.RESTRICT,
        related_name="+",
        help_text=_("The second factor it was asked with, where asking demands one"),
    )
    valid_until = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject"], name="one_request_per_subject"),
            models.UniqueConstraint(fields=["id", "requested_by"], name="request_with_its_requester"),
            models.CheckConstraint(condition=models.Q(people_needed__gte=1), name="request_needs_somebody"),
            models.CheckConstraint(
                condition=models.Q(state__in=states.RequestState.values), name="request_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state=states.RequestState.WAITING, closed_at=None)
                | (~models.Q(state=states.RequestState.WAITING) & models.Q(closed_at__isnull=False)),
                name="request_closed_when_not_waiting",
            ),
            amount_within_bounds("amount", name="request_amount_in_bounds"),
        ]
        indexes = [
            models.Index(fields=["state", "requested_at", "id"], name="request_queue"),
            models.Index(fields=["state", "valid_until", "id"], name="request_by_expiry"),
            models.Index("state", Coalesce("amount", Decimal(0)), "id", name="request_by_size"),
            models.Index(fields=["requested_at", "id"], name="request_by_time"),
            models.Index(fields=["requested_by", "state"], name="request_by_requester"),
            models.Index(fields=["fingerprint"], name="request_by_content"),
        ]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(states.RequestState.WAITING),
            pgtrigger.FSM(name="state_moves", field="state", transitions=states.transitions()),
            pgtrigger.ReadOnly(name="content_is_frozen", exclude=["state", "closed_at"]),
            pgtrigger.Protect(
                name="what_is_closed_stays",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__state=states.RequestState.WAITING)
                & ~pgtrigger.Q(old__state=states.RequestState.APPROVED, new__state=states.RequestState.TAKEN_BACK),
            ),
            pgtrigger.Trigger(
                name="asked_with_own_fresh_proof",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__asked_with__isnull=False),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM accounts_proof p WHERE p.id = NEW.asked_with_id
                        AND p.person_id = NEW.requested_by_id
                        AND NEW.requested_at BETWEEN p.made_at AND p.made_at + interval '5 minutes'
                    ) THEN
                        RAISE EXCEPTION 'request % is not asked with a fresh proof of its own person', NEW.subject
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="pinned_to_a_rule_there_is",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_rule r JOIN approvals_ruleset s ON s.id = r.rule_set_id
                        WHERE s.version = NEW.rule_version AND s.state IN ('live', 'former')
                        AND r.name = NEW.rule AND r.people_needed = NEW.people_needed
                        AND (r.kind = NEW.kind OR NEW.kind = 'operation' AND r.kind IN ('withdrawal', 'deposit'))
                    ) THEN
                        RAISE EXCEPTION 'request % names no rule of its kind that is or was live', NEW.subject
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.kind = 'rules' AND NOT EXISTS (
                        SELECT 1 FROM accounts_proof p
                        WHERE p.id = NEW.asked_with_id AND NEW.fingerprint = ANY(p.covers)
                    ) THEN
                        RAISE EXCEPTION 'request % is not asked with a proof for exactly these rules', NEW.subject
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="decided_by_its_decisions",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__state__in=[states.RequestState.APPROVED, states.RequestState.REJECTED]),
                func="""
                    IF (SELECT count(*) FROM approvals_decision d JOIN accounts_person p ON p.id = d.decided_by_id
                        WHERE d.request_id = NEW.id AND d.verdict = NEW.state AND d.fingerprint = NEW.fingerprint
                        AND d.taken_back_at IS NULL AND p.role = 'manager' AND p.is_active)
                       < (CASE NEW.state WHEN 'approved' THEN NEW.people_needed ELSE 1 END) THEN
                        RAISE EXCEPTION 'request % is not % by those it needs', NEW.id, NEW.state
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="taken_back_by_an_approver",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__state=states.RequestState.TAKEN_BACK)
                & ~pgtrigger.Q(old__state=states.RequestState.TAKEN_BACK),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_decision
                        WHERE request_id = NEW.id AND verdict = 'approved' AND fingerprint = NEW.fingerprint
                        AND taken_back_at >= NEW.closed_at
                    ) AND (SELECT count(*) FROM approvals_decision d JOIN accounts_person p ON p.id = d.decided_by_id
                        WHERE d.request_id = NEW.id AND d.verdict = 'approved' AND d.fingerprint = NEW.fingerprint
                        AND d.taken_back_at IS NULL AND p.role = 'manager' AND p.is_active) >= NEW.people_needed THEN
                        RAISE EXCEPTION 'nobody has taken an approval of request % back', NEW.id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]
