"""Runs of the reconciliation and the verdict on every pair of ours and theirs. Written once, never changed."""

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.clients.models import Client
from backoffice.database.fields import AmountField
from backoffice.database.models import AppendOnlyModel
from backoffice.funding.models import Operation
from backoffice.reconciliation.models.ledger import LedgerEntry, LedgerSource


class Source(models.TextChoices):
    """What a run compares with what."""

    OPERATIONS = "operations", _("Operations and CoinMENA orders")
    LEDGER = "ledger", _("Ledger and CoinMENA orders")
    TRANSACTIONS = "transactions", _("Bitnob transactions")
    BALANCES = "balances", _("Balances")


class Verdict(models.TextChoices):
    MATCHED = "matched", _("Matched")
    STATUS_DIFFERS = "status_differs", _("Status differs")
    AMOUNT_DIFFERS = "amount_differs", _("Amount differs")
    ASSET_DIFFERS = "asset_differs", _("Asset differs")
    CLIENT_DIFFERS = "client_differs", _("Client differs")
    TYPE_DIFFERS = "type_differs", _("Type differs")
    EXTRA_AT_PARTNER = "extra_at_partner", _("Extra at partner")
    MISSING_AT_PARTNER = "missing_at_partner", _("Missing at partner")
    DUPLICATE_REFERENCE = "duplicate_reference", _("Duplicate reference")
    TOO_EARLY = "too_early", _("Too early")
    MIRROR_BEHIND = "mirror_behind", _("Mirror behind")


#: What a person has to look at. `too_early` and `mirror_behind` clear by themselves; until then nothing is claimed.
EXCEPTIONS = (
    Verdict.DUPLICATE_REFERENCE,
    Verdict.EXTRA_AT_PARTNER,
    Verdict.MISSING_AT_PARTNER,
    Verdict.TYPE_DIFFERS,
    Verdict.ASSET_DIFFERS,
    Verdict.CLIENT_DIFFERS,
    Verdict.AMOUNT_DIFFERS,
    Verdict.STATUS_DIFFERS,
)
PENDING = (Verdict.TOO_EARLY, Verdict.MIRROR_BEHIND)


class Run(AppendOnlyModel):
    """One comparison of a half-open window ``[window_from, window_to)``, written when it is finished.

    ``counts`` maps each verdict to its rows. ``totals`` is a list by asset: rows and net of both sides, the difference,
    and the verdicts that explain it, amounts as text. ``trades_count`` trades stood in the window and were not
    compared, since this product makes none. ``digest`` is the SHA-256 of the findings in canonical form (`digest.py`).
    ``partner_total`` is how many orders the partner says the window holds, where it was asked: a mirror that holds
    another number makes the run partial. ``vanished_count`` orders of the window are kept here, and the partner lists
    them no longer.
    """

    source = models.CharField(max_length=16, choices=Source, default=Source.OPERATIONS)
    ledger = models.ForeignKey(LedgerSource, null=True, on_delete=models.RESTRICT, related_name="runs")
    window_from = models.DateTimeField()
    window_to = models.DateTimeField()
    client = models.ForeignKey(Client, null=True, on_delete=models.RESTRICT, related_name="+")
    run_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    mirror_read_to = models.DateTimeField(null=True)
    is_complete = models.BooleanField()
    incomplete_because = models.TextField(blank=True)
    ours_count = models.IntegerField()
    theirs_count = models.IntegerField()
    partner_total = models.IntegerField(null=True)
    trades_count = models.IntegerField(default=0)
    vanished_count = models.IntegerField(default=0, db_default=0)
    counts = models.JSONField()
    totals = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=models.Q(source__in=Source.values), name="run_source_known"),
            models.CheckConstraint(
                condition=models.Q(source=Source.LEDGER, ledger__isnull=False)
                | (~models.Q(source=Source.LEDGER) & models.Q(ledger=None)),
                name="run_of_a_ledger_names_it",
            ),
        ]
        indexes = [
            models.Index(fields=["window_from", "window_to", "id"], name="runs_of_a_window"),
            models.Index(fields=["source", "finished_at", "id"], name="runs_of_a_source"),
        ]

    @property
    def is_clean(self) -> bool:
        """Whether everything was compared and every row matched."""
        return self.is_complete and self.matched_count == self.rows_count

    @property
    def rows_count(self) -> int:
        return sum(self.counts.values())

    @property
    def matched_count(self) -> int:
        return int(self.counts.get(Verdict.MATCHED, 0))

    @property
    def exceptions_count(self) -> int:
        """Rows a person has to look at: by verdict, and of transactions and balances by the test they did not pass."""
        return sum(count for verdict, count in self.counts.items() if verdict not in (Verdict.MATCHED, *PENDING))

    @property
    def pending_count(self) -> int:
        return sum(self.counts.get(verdict, 0) for verdict in PENDING)


class ReferenceCheck(AppendOnlyModel):
    """One look-up at CoinMENA by our reference, made before a run calls an operation missing. The evidence is kept.

    ``found`` is true for an order, false for a "not found" in the partner's own envelope, and empty when nothing was
    proven: no answer, or a 404 that anything on the way could have written.
    """

    reference = models.CharField(max_length=64, db_index=True)
    environment = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    found = models.BooleanField(null=True)
    order_id = models.BigIntegerField(null=True)
    http_status = models.SmallIntegerField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    duration_ms = models.IntegerField(null=True)
    raw = models.BinaryField(default=bytes)
    sentence = models.TextField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False


class Finding(AppendOnlyModel):
    """One row of a run: what we expected, what the partner has, and the verdict. Both sides are snapshots.

    ``their_amount`` stands in the column of the partner's books that is right for the order's type, and
    ``their_opposite_amount`` in the one that should be empty. Ours is an operation, or in a run of a ledger its entry.

    No foreign key is checked: one statement writes a million rows out of the very tables they name, nobody may delete
    from any of them, and the run is written in the same transaction. Checked row by row at the commit, the keys cost as
    much as the whole comparison (benchmarks/bench_reconciliation.py).
    """

    run = models.ForeignKey(
        Run, on_delete=models.RESTRICT, related_name="findings", db_constraint=False, db_index=False
    )
    verdict = models.CharField(max_length=24, choices=Verdict)
    reference = models.TextField(blank=True)
    operation = models.ForeignKey(
        Operation, null=True, on_delete=models.RESTRICT, related_name="+", db_constraint=False, db_index=False
    )
    entry = models.ForeignKey(
        LedgerEntry, null=True, on_delete=models.RESTRICT, related_name="+", db_constraint=False, db_index=False
    )
    order_id = models.BigIntegerField(null=True)
    our_client = models.TextField(null=True)
    our_type = models.TextField(null=True)
    our_asset = models.TextField(null=True)
    our_amount = AmountField(null=True)
    our_state = models.TextField(null=True)
    our_at = models.DateTimeField(null=True)
    their_client = models.TextField(null=True)
    their_type = models.TextField(null=True)
    their_asset = models.TextField(null=True)
    their_amount = AmountField(null=True)
    their_opposite_amount = AmountField(null=True)
    their_status = models.TextField(null=True)
    their_at = models.DateTimeField(null=True)
    same_reference_count = models.IntegerField(default=0, help_text=_("Orders the partner has under this reference"))
    check_made = models.ForeignKey(
        ReferenceCheck, null=True, on_delete=models.RESTRICT, related_name="+", db_constraint=False, db_index=False
    )

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=models.Q(verdict__in=Verdict.values), name="finding_verdict_known"),
        ]
        indexes = [
            # Rows of a run lie together, in the order of time: a summary of each stretch of the table finds them, and
            # costs next to nothing to write. Only what is not matched is few enough for an index of rows.
            BrinIndex(
                fields=["run", "operation", "order_id", "entry"],
                name="findings_by_stretch",
                pages_per_range=32,
                autosummarize=True,
            ),
            models.Index(
                fields=["run", "verdict", "id"],
                name="findings_to_be_looked_at",
                condition=~models.Q(verdict=Verdict.MATCHED),
            ),
            # Whether any run has named an order that nobody here asked for, or not once.
            models.Index(
                fields=["order_id", "run"],
                name="findings_that_name_an_order",
                condition=models.Q(verdict__in=(Verdict.DUPLICATE_REFERENCE, Verdict.EXTRA_AT_PARTNER)),
            ),
        ]

    @property
    def has_ours(self) -> bool:
        """Whether our side is there."""
        return self.operation_id is not None or self.entry_id is not None
