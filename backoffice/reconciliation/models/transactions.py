"""What does not hold in what Bitnob says, transaction by transaction."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.database.fields import AmountField
from backoffice.database.models import AppendOnlyModel
from backoffice.reconciliation.models.runs import Run


class Fault(models.TextChoices):
    """The tests a transaction can fail (bitnob.md §5, §7, §13). The order is that of their weight."""

    DETAIL_DIFFERS = "detail_differs", _("List and detail differ")
    SIDE_CONTRADICTS = "side_contradicts", _("Side contradicts the sign")
    FINAL_CHANGED = "final_changed", _("Changed after it was final")
    REVERSED_UNLINKED = "reversed_unlinked", _("Reversed without its reversal")
    REVERSAL_UNLINKED = "reversal_unlinked", _("Reversal without what it reverses")
    REFERENCE_SHARED = "reference_shared", _("Reference shared by what is not one trade")
    STATE_UNKNOWN = "state_unknown", _("State not documented")
    STUCK = "stuck", _("Not final for too long")


class TransactionFinding(AppendOnlyModel):
    """One test one transaction did not pass in a run. Amounts count the smallest unit of ``currency``.

    ``counterpart`` is the other transaction the test found or missed: its reversal, what it reverses, who shares its
    reference.
    """

    run = models.ForeignKey(Run, on_delete=models.RESTRICT, related_name="transaction_findings")
    transaction_id = models.UUIDField()
    fault = models.CharField(max_length=24, choices=Fault)
    reference = models.TextField(blank=True)
    currency = models.CharField(max_length=32)
    type = models.CharField(max_length=64)
    state = models.CharField(max_length=32)
    amount = AmountField()
    expected = models.TextField(blank=True)
    actual = models.TextField(blank=True)
    counterpart = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["run", "transaction_id", "fault"], name="one_finding_per_test"),
        ]
