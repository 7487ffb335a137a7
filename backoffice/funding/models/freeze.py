"""What must not be sent, by whose word, and how it was let go again."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.database.models import KeptModel


class Scope(models.TextChoices):
    """How much one freeze holds back."""

    EVERYTHING = "everything", _("Everything")
    MONEY_OUT = "money_out", _("Money out")
    ASSET = "asset", _("One asset")
    CLIENT = "client", _("One client")


class Freeze(KeptModel):
    """An order to send nothing of ``scope``: by one manager at once, or by the restore of a backup.

    A freeze by a restore has ``backup_at``, when the backup was taken, and nobody's name. One that is in force already
    may have come with the backup, so `after_restore` moves ``restored_again_at`` on, and nothing moves it back. Release
    needs two other people: the one who asks for it, with a second factor, and the one who approves (``release``); a
    trigger refuses anything else.
    """

    scope = models.CharField(max_length=16, choices=Scope)
    asset = models.ForeignKey(Asset, null=True, on_delete=models.RESTRICT, related_name="+")
    client = models.ForeignKey(Client, null=True, on_delete=models.RESTRICT, related_name="freezes")
    reason = models.TextField()
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    frozen_at = models.DateTimeField()
    backup_at = models.DateTimeField(null=True)
    restored_again_at = models.DateTimeField(null=True)
    release = models.OneToOneField(Request, null=True, on_delete=models.RESTRICT, related_name="released_freeze")
    released_at = models.DateTimeField(null=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=Scope.values), name="freeze_scope_known"),
            models.CheckConstraint(
                condition=Q(scope__in=[Scope.EVERYTHING, Scope.MONEY_OUT], asset=None, client=None)
                | Q(scope=Scope.ASSET, asset__isnull=False, client=None)
                | Q(scope=Scope.CLIENT, asset=None, client__isnull=False),
                name="freeze_names_what_it_holds",
            ),
            models.CheckConstraint(
                condition=Q(frozen_by__isnull=False, backup_at=None)
                | Q(frozen_by=None, backup_at__isnull=False, scope=Scope.EVERYTHING),
                name="freeze_by_a_person_or_a_restore",
            ),
            models.CheckConstraint(
                condition=Q(restored_again_at=None) | Q(backup_at__isnull=False, restored_again_at__gte=F("frozen_at")),
                name="only_a_restore_comes_again",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="freeze_says_why"),
            models.CheckConstraint(
                condition=Q(release=None, released_at=None) | Q(release__isnull=False, released_at__isnull=False),
                name="freeze_released_by_whom_and_when",
            ),
            models.UniqueConstraint(
                fields=["scope", "asset", "client"],
                condition=Q(released_at=None, backup_at=None),
                nulls_distinct=False,
                name="frozen_once_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["scope"], condition=Q(released_at=None, backup_at__isnull=False), name="one_restore_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["frozen_at", "id"], name="freeze_by_time")]
        triggers = [
            *KeptModel.Meta.triggers,
            pgtrigger.ReadOnly(name="content_is_frozen", exclude=["release", "released_at", "restored_again_at"]),
            pgtrigger.Protect(
                name="born_unreleased",
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__released_at__isnull=False),
            ),
            pgtrigger.Protect(
                name="restores_only_move_on",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__restored_again_at__isnull=False)
                & (
                    pgtrigger.Q(new__restored_again_at__isnull=True)
                    | pgtrigger.Q(new__restored_again_at__lt=pgtrigger.F("old__restored_again_at"))
                ),
            ),
            pgtrigger.Protect(
                name="what_is_released_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__released_at__isnull=False),
            ),
            pgtrigger.Trigger(
                name="released_by_two_others",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__released_at__isnull=False),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_request r WHERE r.id = NEW.release_id AND r.kind = 'release'
                        AND r.state = 'approved' AND split_part(r.subject, '-', 2) = NEW.id::text
                        AND r.asked_with_id IS NOT NULL
                        AND r.requested_by_id IS DISTINCT FROM NEW.frozen_by_id
                        AND NOT EXISTS (SELECT 1 FROM approvals_decision d
                            WHERE d.request_id = r.id AND NEW.frozen_by_id IN (d.decided_by_id, d.for_person_id))
                    ) THEN
                        RAISE EXCEPTION 'freeze % is not released by two other people', NEW.id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    @property
    def restored_at(self) -> datetime:
        """When the database was last set back to a backup, of the lock of a restore."""
        return self.restored_again_at or self.frozen_at
