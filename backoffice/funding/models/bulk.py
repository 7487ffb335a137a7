"""A file of deposits or withdrawals: checked whole, confirmed by its sums, then one operation per row."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.clients.models import Asset, Client
from backoffice.database.fields import AmountField, amount_within_bounds
from backoffice.database.models import AppendOnlyModel, KeptModel, born_in
from backoffice.funding.models.operation import Kind
from backoffice.money import MAX_TYPED_DECIMALS


class FileState(models.TextChoices):
    CHECKED = "checked", _("Checked")
    CONFIRMED = "confirmed", _("Being created")
    DONE = "done", _("Done")
    DISCARDED = "discarded", _("Discarded")


FILE_MOVES: dict[FileState, frozenset[FileState]] = {
    FileState.CHECKED: frozenset({FileState.CONFIRMED, FileState.DISCARDED}),
    FileState.CONFIRMED: frozenset({FileState.DONE}),
    FileState.DONE: frozenset(),
    FileState.DISCARDED: frozenset(),
}


class BulkFile(KeptModel):
    """A file in which every row was good. ``totals`` maps ``deposit USD`` to the plain sum of its rows.

    The same bytes are recognised by their digest for as long as the file was not discarded. ``confirmed_equal`` holds
    the numbers of the rows that equal another request, and that the person confirmed as other payments.
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
    ended_at = models.DateTimeField(null=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=Q(state__in=FileState.values), name="bulk_file_state_known"),
            models.CheckConstraint(condition=Q(row_count__gt=0), name="bulk_file_has_rows"),
            models.CheckConstraint(
                condition=Q(state__in=[FileState.CHECKED, FileState.DISCARDED], confirmed_at=None)
                | Q(state__in=[FileState.CONFIRMED, FileState.DONE], confirmed_at__isnull=False),
                name="bulk_file_confirmed_when",
            ),
            models.UniqueConstraint(
                fields=["digest"], condition=~Q(state=FileState.DISCARDED), name="bulk_file_recognised"
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
            pgtrigger.ReadOnly(
                name="content_is_frozen", exclude=["state", "confirmed_at", "confirmed_equal", "ended_at"]
            ),
            pgtrigger.Protect(
                name="what_has_ended_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


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
