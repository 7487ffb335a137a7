"""The business intent: a deposit or withdrawal, and where it stands."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.database.fields import AmountField, amount_within_bounds
from backoffice.database.models import KeptModel, born_in
from backoffice.funding.states import FIRST_STATES, SENT_STATES, TERMINAL_STATES, State, transitions
from backoffice.money import MAX_TYPED_DECIMALS, Money

FROZEN = [
    "reference",
    "submission_token",
    "kind",
    "client",
    "asset",
    "amount",
    "reason",
    "fingerprint",
    "requested_by",
    "requested_at",
    "confirmed_equal",
    "copy_of",
    "approval",
    "ungated_rule_version",
]


class Kind(models.TextChoices):
    DEPOSIT = "deposit", _("Deposit")
    WITHDRAWAL = "withdrawal", _("Withdrawal")


class Operation(KeptModel):
    """One intended movement of money, under one reference, minted at creation and on every request sent for it.

    What identifies and sizes the movement is frozen by a trigger, and so is who approved it, and everything once it has
    ended; until when it may be sent is never put off; the state moves only as `states.MOVES` allows; a state from
    `approved` on needs either as many other people's approvals as the rule demanded, none of them taken back, or the
    version of the rules that asked for none; a row of a file that no rule gates needs another person's word on the
    file; `review` ends only by a closing that two people signed, and nothing is submitted under a freeze or a halt.
    """

    reference = models.CharField(max_length=64, unique=True)
    submission_token = models.UUIDField(unique=True)
    kind = models.CharField(max_length=16, choices=Kind)
    client = models.ForeignKey(Client, on_delete=models.RESTRICT, related_name="operations")
    asset = models.ForeignKey(Asset, on_delete=models.RESTRICT, related_name="+")
    amount = AmountField()
    reason = models.TextField()
    fingerprint = models.CharField(max_length=64)
    confirmed_equal = models.BooleanField(default=False)
    copy_of = models.OneToOneField("self", null=True, on_delete=models.RESTRICT, related_name="copy")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    requested_at = models.DateTimeField()

    state = models.CharField(max_length=16, choices=State)
    version = models.IntegerField(default=1)
    approval = models.OneToOneField(Request, null=True, on_delete=models.RESTRICT, related_name="operation")
    ungated_rule_version = models.IntegerField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)

    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_holder = models.CharField(max_length=64, blank=True)
    in_doubt_since = models.DateTimeField(null=True)
    next_lookup_at = models.DateTimeField(null=True)

    closing = models.OneToOneField("funding.Closing", null=True, on_delete=models.RESTRICT, related_name="+")
    partner_order_id = models.BigIntegerField(null=True, unique=True)
    failure_code = models.CharField(max_length=32, blank=True)
    failure_sentence = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            amount_within_bounds("amount", name="operation_amount_positive", above=0, scale=MAX_TYPED_DECIMALS),
            models.CheckConstraint(condition=Q(state__in=State.values), name="operation_state_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="operation_kind_known"),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="operation_approved_by_and_when",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")),
                name="operation_not_approved_by_requester",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=SENT_STATES)
                | Q(approved_by__isnull=False)
                | Q(ungated_rule_version__isnull=False, kind=Kind.DEPOSIT),
                name="operation_sent_only_when_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.COMPLETED) | Q(partner_order_id__isnull=False),
                name="operation_completed_with_its_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=TERMINAL_STATES, ended_at__isnull=False)
                | (~Q(state__in=TERMINAL_STATES) & Q(ended_at=None)),
                name="operation_ended_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.SUBMITTING) | Q(lease_token__isnull=False, lease_until__isnull=False),
                name="operation_submitting_under_lease",
            ),
            models.UniqueConstraint(
                fields=["client"], condition=Q(state=State.SUBMITTING), name="one_operation_submitting_per_client"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "requested_at", "id"], name="operation_by_state"),
            models.Index(fields=["requested_at", "id"], name="operation_by_requested"),
            models.Index(fields=["client", "requested_at", "id"], name="operation_by_client"),
            models.Index(fields=["next_lookup_at"], name="operation_lookup_due", condition=Q(state=State.UNKNOWN)),
            models.Index(fields=["ended_at", "id"], name="operation_by_end"),
        ]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(*sorted(FIRST_STATES)),
            pgtrigger.FSM(name="state_moves", field="state", transitions=transitions()),
            pgtrigger.ReadOnly(name="content_is_frozen", fields=FROZEN),
            pgtrigger.Protect(
                name="approval_is_given_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__approved_by__isnull=False)
                & (
                    pgtrigger.Q(old__approved_by__df=pgtrigger.F("new__approved_by"))
                    | pgtrigger.Q(old__approved_at__df=pgtrigger.F("new__approved_at"))
                ),
            ),
            pgtrigger.Protect(
                name="permission_is_never_extended",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__valid_until__gt=pgtrigger.F("old__valid_until"))
                | (pgtrigger.Q(old__valid_until__isnull=True) & pgtrigger.Q(new__valid_until__isnull=False)),
            ),
            pgtrigger.Trigger(
                name="approved_by_who_decided",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__approved_by__isnull=False),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_decision WHERE request_id = NEW.approval_id
                        AND decided_by_id = NEW.approved_by_id AND verdict = 'approved'
                        AND fingerprint = NEW.fingerprint
                    ) THEN
                        RAISE EXCEPTION 'operation % was not approved by that person', NEW.reference
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="sent_as_it_was_decided",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__state__in=[State.APPROVED, State.SUBMITTING], new__approval__isnull=False),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_request r WHERE r.id = NEW.approval_id AND r.kind = 'operation'
                        AND r.subject = NEW.reference AND r.state = 'approved' AND r.fingerprint = NEW.fingerprint
                        AND r.people_needed <= (
                            SELECT count(*) FROM approvals_decision d WHERE d.request_id = r.id
                            AND d.verdict = 'approved' AND d.fingerprint = NEW.fingerprint
                            AND d.taken_back_at IS NULL AND d.decided_by_id <> NEW.requested_by_id)
                    ) THEN
                        RAISE EXCEPTION 'operation % is not approved by those it needs', NEW.reference
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="made_from_an_approved_file",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM funding_bulkrow o JOIN funding_bulkfile f ON f.id = o.file_id
                        WHERE o.submission_token = NEW.submission_token AND (
                            f.state <> 'confirmed' OR (NEW.ungated_rule_version IS NOT NULL AND NOT EXISTS (
                                SELECT 1 FROM approvals_request r WHERE r.id = f.approval_id AND r.state = 'approved')))
                    ) THEN
                        RAISE EXCEPTION 'operation % comes from a file nobody else approved', NEW.reference
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="review_ends_by_two_people",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=State.REVIEW) & ~pgtrigger.Q(new__state=State.REVIEW),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM funding_closing c JOIN approvals_request r ON r.id = c.approval_id
                        WHERE c.id = NEW.closing_id AND c.operation_id = NEW.id AND c.outcome = NEW.state
                        AND c.order_id IS NOT DISTINCT FROM NEW.partner_order_id
                        AND r.state = 'approved' AND r.kind = 'closing' AND r.fingerprint = c.fingerprint
                        AND r.asked_with_id IS NOT NULL
                        AND EXISTS (SELECT 1 FROM funding_closingevidence e WHERE e.closing_id = c.id)
                    ) THEN
                        RAISE EXCEPTION 'operation % was not closed by two people', NEW.reference
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="closing_belongs_to_review",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__state=State.REVIEW) & pgtrigger.Q(new__closing__isnull=False),
            ),
            pgtrigger.Trigger(
                name="what_is_frozen_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__state=State.SUBMITTING) & ~pgtrigger.Q(old__state=State.SUBMITTING),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM funding_freeze WHERE released_at IS NULL AND (
                            scope = 'everything' OR (scope = 'money_out' AND NEW.kind = 'withdrawal')
                            OR asset_id = NEW.asset_id OR client_id = NEW.client_id)
                    ) OR EXISTS (SELECT 1 FROM funding_gate WHERE halted_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'operation % is frozen', NEW.reference USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="what_has_ended_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=sorted(TERMINAL_STATES)),
            ),
            pgtrigger.Trigger(
                name="copied_without_effect",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__copy_of__isnull=False),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM funding_operation WHERE id = NEW.copy_of_id
                        AND state IN ('failed', 'rejected', 'cancelled', 'expired')
                    ) THEN
                        RAISE EXCEPTION 'only an operation that ended without effect is copied'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("funding:detail", args=[self.reference])

    @property
    def money(self) -> Money:
        return Money(self.amount, self.asset_id)

    @property
    def is_deposit(self) -> bool:
        return self.kind == Kind.DEPOSIT

    @property
    def is_awaiting_approval(self) -> bool:
        return self.state == State.PENDING_APPROVAL

    @property
    def is_in_doubt(self) -> bool:
        return self.state in (State.UNKNOWN, State.REVIEW)

    @property
    def retry_of(self) -> "Operation | None":
        """The failed operation that this one tries again; `copy_of` is whatever it follows (docs/adr/0016)."""
        return self.copy_of if self.copy_of is not None and self.copy_of.has_failed else None

    @property
    def has_failed(self) -> bool:
        return self.state == State.FAILED

    @property
    def is_ended(self) -> bool:
        return self.ended_at is not None
