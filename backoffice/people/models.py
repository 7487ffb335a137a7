"""Changes of accounts that need a second person: what an administrator proposed and a manager decides on."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Role
from backoffice.approvals.models import Request
from backoffice.database.models import KeptModel, born_in
from backoffice.people import states


class ChangeKind(models.TextChoices):
    """What of an account changes."""

    INVITATION = "invitation", _("Invitation")
    ROLE = "role", _("Another role")
    REACTIVATION = "reactivation", _("Reactivation")
    FACTOR_RESET = "factor_reset", _("Reset of the second factor")


class AccountChange(KeptModel):
    """One change of one account, proposed by an administrator and put into force by a manager's approval.

    ``person`` is whose account it is; an invitation has nobody until it is in force. ``role_before`` and ``role_after``
    are the same where the role stays; the first is empty for an invitation. ``applied_in`` is the transaction that put
    it into force: the trigger on ``accounts_person`` lets exactly that one change the account.
    """

    key = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=16, choices=ChangeKind)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    name = models.CharField(max_length=120)
    email = models.EmailField()
    role_before = models.CharField(max_length=16, blank=True)
    role_after = models.CharField(max_length=16, choices=Role)
    reason = models.TextField()
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=states.ChangeState, default=states.ChangeState.WAITING)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    proposed_at = models.DateTimeField()
    approval = models.OneToOneField(Request, on_delete=models.RESTRICT, related_name="account_change")
    applied_at = models.DateTimeField(null=True)
    applied_in = models.BigIntegerField(null=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ChangeKind.values), name="account_change_kind_known"),
            models.CheckConstraint(condition=Q(state__in=states.ChangeState.values), name="account_change_state_known"),
            models.CheckConstraint(condition=Q(role_after__in=Role.values), name="account_change_to_a_known_role"),
            models.CheckConstraint(condition=~Q(person=F("proposed_by")), name="nobody_changes_their_own_account"),
            models.CheckConstraint(condition=~Q(reason=""), name="account_change_says_why"),
            models.CheckConstraint(
                condition=Q(kind=ChangeKind.INVITATION, role_before="")
                | Q(kind=ChangeKind.ROLE, person__isnull=False) & ~Q(role_before=F("role_after")) & ~Q(role_before="")
                | Q(
                    kind__in=[ChangeKind.REACTIVATION, ChangeKind.FACTOR_RESET],
                    person__isnull=False,
                    role_before=F("role_after"),
                ),
                name="account_change_says_what",
            ),
            models.CheckConstraint(
                condition=Q(state=states.ChangeState.APPLIED, person__isnull=False, applied_at__isnull=False)
                | (~Q(state=states.ChangeState.APPLIED) & Q(applied_at=None, applied_in=None)),
                name="account_change_applied_to_somebody",
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state=states.ChangeState.WAITING),
                name="one_waiting_change_per_person",
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(state=states.ChangeState.WAITING, kind=ChangeKind.INVITATION),
                name="one_waiting_invitation_per_email",
            ),
        ]
        indexes = [models.Index(fields=["person", "-proposed_at"], name="account_change_of_person")]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(states.ChangeState.WAITING),
            pgtrigger.FSM(name="state_moves", field="state", transitions=states.transitions()),
            pgtrigger.ReadOnly(name="content_is_frozen", exclude=["state", "person", "applied_at", "applied_in"]),
            pgtrigger.Protect(
                name="person_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__person__isnull=False)
                & pgtrigger.Q(old__person__df=pgtrigger.F("new__person")),
            ),
            pgtrigger.Protect(
                name="what_is_closed_stays",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__state=states.ChangeState.WAITING),
            ),
            pgtrigger.Trigger(
                name="applied_by_two_people",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__state=states.ChangeState.APPLIED),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_request r JOIN accounts_proof p ON p.id = r.asked_with_id
                        WHERE r.id = NEW.approval_id AND r.kind = 'account' AND r.subject = NEW.key
                        AND r.state = 'approved' AND r.fingerprint = NEW.fingerprint
                        AND r.requested_by_id = NEW.proposed_by_id AND NEW.fingerprint = ANY(p.covers)
                        AND r.barred_id IS NOT DISTINCT FROM OLD.person_id
                    ) THEN
                        RAISE EXCEPTION 'change % of an account was not approved by a second person', NEW.key
                            USING ERRCODE = 'check_violation';
                    END IF;
                    NEW.applied_in := pg_current_xact_id()::text::bigint;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_waiting(self) -> bool:
        return self.state == states.ChangeState.WAITING

    @property
    def is_invitation(self) -> bool:
        return self.kind == ChangeKind.INVITATION
