"""The company's own books as files: where they come from, how their columns are read, what each line says.

Only entries of accepted files count. Two of them never carry one reference within a source, or one pair would stand
there twice: the service that accepts holds the source's lock and says which lines they are, the trigger stands behind.
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.database.fields import AmountField, amount_within_bounds
from backoffice.database.models import AppendOnlyModel, KeptModel, born_in


class LedgerSource(KeptModel):
    """One book the company keeps, and how its files are read, mapped once and remembered.

    ``columns`` maps our words (reference, client, type, asset, amount, at, status) to the headings of the file.
    ``reading`` says how values are written: the separator, the decimal sign, the form and zone of times, and which
    words of theirs mean deposit, withdrawal, completed, failed. ``sample`` is the file the columns were mapped on.
    """

    name = models.CharField(max_length=80, unique=True)
    columns = models.JSONField(default=dict)
    reading = models.JSONField(default=dict)
    sample = models.BinaryField(default=bytes)
    sample_name = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    made_at = models.DateTimeField()

    class Meta(KeptModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.name


class FileState(models.TextChoices):
    CHECKED = "checked", _("To be accepted")
    ACCEPTED = "accepted", _("Accepted")
    DISCARDED = "discarded", _("Discarded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


FILE_MOVES = [("checked", "accepted"), ("checked", "discarded"), ("accepted", "withdrawn")]
#: The same bytes are not taken a second time while a file stands here.
STANDING = (FileState.CHECKED, FileState.ACCEPTED)


class LedgerFile(KeptModel):
    """One uploaded file in which every line was good. Its entries are written when a person accepts what it adds up to.

    Withdrawn, it counts no more, and stays to be read.
    """

    source = models.ForeignKey(LedgerSource, on_delete=models.RESTRICT, related_name="files")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    content = models.BinaryField()
    read_with = models.JSONField(help_text=_("Columns and reading as they were when the file was read"))
    row_count = models.IntegerField()
    totals = models.JSONField(default=dict)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=FileState, default=FileState.ACCEPTED)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    uploaded_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["source", "digest"],
                condition=models.Q(state__in=STANDING),
                name="ledger_file_once_per_source",
            ),
            models.CheckConstraint(
                condition=(~models.Q(state=FileState.WITHDRAWN) & models.Q(withdrawn_at=None))
                | models.Q(state=FileState.WITHDRAWN, withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="ledger_file_withdrawn_by_somebody",
            ),
        ]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(FileState.CHECKED, FileState.ACCEPTED),
            pgtrigger.FSM(name="state_moves", field="state", transitions=FILE_MOVES),
            pgtrigger.ReadOnly(
                name="content_is_frozen", exclude=["state", "withdrawn_by", "withdrawn_at", "withdrawn_because"]
            ),
        ]

    def __str__(self) -> str:
        return self.name


def one_reference_per_source() -> pgtrigger.Trigger:
    """Refuse an entry whose reference another accepted entry of the source carries, or whose file is not accepted."""
    return pgtrigger.Trigger(
        name="one_reference_per_source",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func="""
            IF NOT EXISTS (
                SELECT 1 FROM reconciliation_ledgerfile f WHERE f.id = NEW.file_id AND f.state = 'accepted'
            ) OR EXISTS (
                SELECT 1 FROM reconciliation_ledgerentry e
                JOIN reconciliation_ledgerfile f ON f.id = e.file_id AND f.state = 'accepted'
                JOIN reconciliation_ledgerfile mine ON mine.id = NEW.file_id AND mine.source_id = f.source_id
                WHERE e.reference = NEW.reference
            ) THEN
                RAISE EXCEPTION 'reference % stands in this ledger already, or its file does not count', NEW.reference
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


class LedgerEntry(AppendOnlyModel):
    """One line of a ledger file. ``kind`` and ``status`` are in our words, ``amount`` is positive."""

    file = models.ForeignKey(LedgerFile, on_delete=models.RESTRICT, related_name="entries")
    line = models.IntegerField()
    reference = models.TextField()
    partner_client_id = models.TextField()
    kind = models.CharField(max_length=16)
    asset_id = models.CharField(max_length=32)
    amount = AmountField()
    status = models.CharField(max_length=16)
    booked_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["file", "line"], name="one_entry_per_line"),
            amount_within_bounds("amount", name="ledger_amount_in_bounds"),
        ]
        triggers = [*AppendOnlyModel.Meta.triggers, one_reference_per_source()]
        indexes = [
            models.Index(fields=["reference"], name="ledger_entry_by_reference"),
            models.Index(fields=["booked_at", "id"], name="ledger_entry_by_time"),
        ]
