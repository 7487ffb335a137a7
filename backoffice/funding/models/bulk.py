"""A file of deposits or withdrawals: checked whole, confirmed by its sums, seen by others where no rule gates every
row by itself, then one operation per row."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.database.fields import AmountField, amount_within_bounds
from backoffice.database.models import AppendOnlyModel, KeptModel, born_in
from backoffice.funding.models.operation import Kind
from backoffice.money import MAX_TYPED_DECIMALS


class FileState(models.TextChoices):
    CHECKED = "checked", _("Checked")
    WAITING = "waiting", _("Waiting for approval")
    CONFIRMED = "confirmed", _("Being created")
    DONE = "done", _("Done")
    DISCARDED = "discarded", _("Discarded")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")


#: Nothing came of it, and its bytes may be uploaded anew.
GIVEN_UP = frozenset({FileState.DISCARDED, FileState.REJECTED, FileState.CANCELLED, FileState.EXPIRED})
FILE_MOVES: dict[FileState, frozenset[FileState]] = {
    FileState.CHECKED: frozenset({FileState.WAITING, FileState.CONFIRMED, FileState.DISCARDED}),
    FileState.WAITING: frozenset({FileState.CONFIRMED, FileState.REJECTED, FileState.CANCELLED, FileState.EXPIRED}),
    FileState.CONFIRMED: frozenset({FileState.DONE, FileState.CANCELLED}),
    FileState.DONE: frozenset(),
    FileState.DISCARDED: frozenset(),
    FileState.REJECTED: frozenset(),
    FileState.CANCELLED: frozenset(),
    FileState.EXPIRED: frozenset(),
}
#: Nobody has agreed to the sums yet, or nobody will.
UNCONFIRMED = (FileState.CHECKED, FileState.DISCARDED)
#: What the uploader says when confirming, and what follows from it: frozen from then on.
SAID_AT_CONFIRMING = ("confirmed_at", "confirmed_equal", "fingerprint", "approval")


def _changes(*fields: str) -> pgtrigger.Q:
    """Tell whether an update would change any of ``fields``."""
    changes = pgtrigger.Q()
    for field in fields:
        changes |= pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")})
    return changes


class BulkFile(KeptModel):
    """A file in which every row was good. ``totals`` maps ``deposit USD`` to the plain sum of its rows.

    The same bytes are recognised by their digest until the file is given up. ``confirmed_at`` is when the person who
    uploaded it agreed to its sums; ``confirmed_equal`` holds the numbers of the rows that equal another request, and
    that they confirmed as other payments. ``approval`` is the request for another person's word, which a file needs
    whenever some row would go out on one person's: without it no such row becomes an operation (a trigger).
    """

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    content = models.BinaryField()
    row_count = models.IntegerField()
    totals = models.JSONField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    uploaded_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=FileState, default=FileState.CHECKED)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_equal = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64, blank=True)
    approval = models.OneToOneField(Request, null=True, on_delete=models.RESTRICT, related_name="bulk_file")
    ended_at = models.DateTimeField(null=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=Q(state__in=FileState.values), name="bulk_file_state_known"),
            models.CheckConstraint(condition=Q(row_count__gt=0), name="bulk_file_has_rows"),
            models.CheckConstraint(
                condition=Q(state__in=UNCONFIRMED, confirmed_at=None)
                | (~Q(state__in=UNCONFIRMED) & Q(confirmed_at__isnull=False)),
                name="bulk_file_confirmed_when",
            ),
            models.CheckConstraint(
                condition=Q(state__in=UNCONFIRMED, approval=None)
                | Q(state__in=[FileState.CONFIRMED, FileState.DONE])
                | Q(approval__isnull=False),
                name="bulk_file_waits_by_a_request",
            ),
            models.UniqueConstraint(
                fields=["digest"], condition=~Q(state__in=sorted(GIVEN_UP)), name="bulk_file_recognised"
            ),
        ]
        indexes = [models.Index(fields=["uploaded_at", "id"], name="bulk_file_by_time")]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(FileState.CHECKED),
            pgtrigger.FSM(
                name="state_moves",
                field="state",
                transitions=sorted((before, after) for before, afters in FILE_MOVES.items() for after in afters),
            ),
            pgtrigger.ReadOnly(name="content_is_frozen", exclude=["state", *SAID_AT_CONFIRMING, "ended_at"]),
            pgtrigger.Protect(
                name="what_was_confirmed_stays",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__state=FileState.CHECKED) & _changes(*SAID_AT_CONFIRMING),
            ),
            pgtrigger.Trigger(
                name="created_as_approved",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__state=FileState.CONFIRMED, new__approval__isnull=False),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_request r WHERE r.id = NEW.approval_id AND r.kind = 'bulk'
                        AND r.subject = 'file-' || NEW.id AND r.state = 'approved' AND r.fingerprint = NEW.fingerprint
                        AND r.people_needed <= (SELECT count(*) FROM approvals_decision d
                            WHERE d.request_id = r.id AND d.verdict = 'approved' AND d.taken_back_at IS NULL)
                    ) THEN
                        RAISE EXCEPTION 'file % was not approved by others', NEW.id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="begun_is_not_taken_back",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=FileState.CONFIRMED, new__state=FileState.CANCELLED),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM funding_bulkrow o JOIN funding_operation p
                        ON p.submission_token = o.submission_token WHERE o.file_id = NEW.id
                    ) THEN
                        RAISE EXCEPTION 'operations of file % were made', NEW.id USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="what_has_ended_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """How a request for approval names this file."""
        return f"file-{self.pk}"

    @property
    def is_being_created(self) -> bool:
        """Whether workers may create its operations, or have."""
        return self.state in (FileState.CONFIRMED, FileState.DONE)


class BulkRow(AppendOnlyModel):
    """One good row. Its operation carries ``submission_token``, so that a row makes one operation at most."""

    file = models.ForeignKey(BulkFile, on_delete=models.RESTRICT, related_name="rows")
    number = models.IntegerField(help_text=_("The line of the file, the header being line 1"))
    kind = models.CharField(max_length=16, choices=Kind)
    client = models.ForeignKey(Client, on_delete=models.RESTRICT, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.RESTRICT, related_name="+")
    amount = AmountField()
    reason = models.TextField()
    submission_token = models.UUIDField(unique=True)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="bulk_rows_are_numbered"),
            amount_within_bounds("amount", name="bulk_row_amount_positive", above=0, scale=MAX_TYPED_DECIMALS),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="bulk_row_kind_known"),
        ]


class BulkRefusal(AppendOnlyModel):
    """Why a good row made no operation after all, e.g. because its client was deactivated meanwhile."""

    row = models.OneToOneField(BulkRow, on_delete=models.RESTRICT, related_name="refusal")
    sentence = models.TextField()
    refused_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
