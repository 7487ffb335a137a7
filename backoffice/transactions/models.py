"""Mirror of Bitnob's transactions and balances, in the smallest unit of each currency (bitnob.md §5, §10)."""

from django.db import models

from backoffice.database.fields import AmountField, whole_units_within_bounds
from backoffice.database.models import KeptModel
from backoffice.mirror.models import MirroredModel

TERMINAL_STATES = ("SETTLED", "FAILED", "REVERSED")


class Transaction(MirroredModel, KeptModel):
    """One transaction at Bitnob. ``amount`` and ``fee`` count the smallest unit; a negative amount is a debit.

    Several transactions may share a reference (both legs of a trade do): ``transaction_id`` is the only key.
    """

    transaction_id = models.UUIDField(primary_key=True)
    account_number = models.TextField(blank=True)
    currency = models.CharField(max_length=32)
    type = models.CharField(max_length=64)
    state = models.CharField(max_length=32)
    amount = AmountField()
    fee = AmountField(null=True)
    reference = models.TextField(blank=True)
    idempotency_key = models.TextField(blank=True)
    trade_id = models.TextField(blank=True)
    side = models.CharField(max_length=16, blank=True)
    metadata = models.JSONField(default=dict)
    is_simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True)
    value_date = models.DateField(null=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            whole_units_within_bounds("amount", name="transaction_amount_in_bounds"),
            whole_units_within_bounds("fee", name="transaction_fee_in_bounds"),
        ]
        indexes = [
            models.Index(fields=["created_at", "transaction_id"], name="transaction_by_created"),
            models.Index(fields=["state", "created_at", "transaction_id"], name="transaction_by_state"),
            models.Index(fields=["currency", "created_at", "transaction_id"], name="transaction_by_currency"),
            models.Index(fields=["reference"], name="transaction_by_reference"),
            models.Index(fields=["trade_id"], name="transaction_by_trade", condition=~models.Q(trade_id="")),
        ]

    def __str__(self) -> str:
        return str(self.transaction_id)

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL_STATES


class AccountBalance(models.Model):
    """The newest balance of one account at Bitnob, in the smallest unit of its currency."""

    account_id = models.TextField(primary_key=True)
    account_number = models.TextField(blank=True)
    currency = models.CharField(max_length=32)
    ledger_balance = AmountField()
    available_balance = AmountField()
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            whole_units_within_bounds("ledger_balance", name="ledger_balance_in_bounds"),
            whole_units_within_bounds("available_balance", name="account_available_in_bounds"),
        ]
