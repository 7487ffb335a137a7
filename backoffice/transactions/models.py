"""Mirror of Bitnob's transactions and balances, in the smallest unit of each currency (bitnob.md §5, §10)."""

from decimal import Decimal
from typing import Final

from django.db import models

from backoffice.database.fields import AmountField, whole_units_within_bounds
from backoffice.database.models import KeptModel
from backoffice.mirror.models import MirroredModel
from backoffice.money import exact_sum

SETTLED: Final = "SETTLED"
REVERSED: Final = "REVERSED"
TERMINAL_STATES: Final = (SETTLED, "FAILED", REVERSED)
REVERSAL: Final = "REVERSAL"


class Transaction(MirroredModel, KeptModel):
    """One transaction at Bitnob. ``amount`` and ``fee`` count the smallest unit; a negative amount is a debit.

    Several transactions may share a reference (both legs of a trade do): ``transaction_id`` is the only key.
    ``amount`` is what the list says. ``amount_by_id`` is what asking for this one said, where that was done: the
    partner's own samples differ there by the fee (bitnob.md §13, trap 4), and nobody corrects one by the other.
    """

    transaction_id = models.UUIDField(primary_key=True)
    account_number = models.TextField(blank=True)
    currency = models.CharField(max_length=32)
    type = models.CharField(max_length=64)
    state = models.CharField(max_length=32)
    amount = AmountField()
    amount_by_id = AmountField(null=True)
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
            whole_units_within_bounds("amount_by_id", name="transaction_amount_by_id_in_bounds"),
            whole_units_within_bounds("fee", name="transaction_fee_in_bounds"),
        ]
        indexes = [
            models.Index(fields=["created_at", "transaction_id"], name="transaction_by_created"),
            models.Index(fields=["state", "created_at", "transaction_id"], name="transaction_by_state"),
            models.Index(fields=["currency", "created_at", "transaction_id"], name="transaction_by_currency"),
            # The operator class is what lets the beginning of a reference be looked for, in any collation.
            models.Index(fields=["reference"], name="transaction_reference_prefix", opclasses=["text_pattern_ops"]),
            models.Index(
                fields=["idempotency_key"], name="transaction_by_key", condition=~models.Q(idempotency_key="")
            ),
            models.Index(
                fields=["created_at", "transaction_id"],
                name="transaction_not_final",
                condition=~models.Q(state__in=TERMINAL_STATES),
            ),
            models.Index(fields=["trade_id"], name="transaction_by_trade", condition=~models.Q(trade_id="")),
        ]

    def __str__(self) -> str:
        return str(self.transaction_id)

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL_STATES

    @property
    def is_credit(self) -> bool:
        """Whether money came in: the sign decides, whatever ``side`` says."""
        return bool(self.amount > 0)

    @property
    def side_contradicts_sign(self) -> bool:
        """Whether ``side`` says the opposite of the sign of ``amount``: reported, never guessed away."""
        said = {"credit": 1, "debit": -1}.get(self.side.lower(), 0)
        return bool(said * self.amount < 0)

    @property
    def difference_by_id(self) -> Decimal | None:
        """How much more the look-up by id said than the list does, in the smallest unit; None when they agree."""
        if self.amount_by_id is None or self.amount_by_id == self.amount:
            return None
        return exact_sum([self.amount_by_id, self.amount.copy_negate()])


class AccountBalance(MirroredModel):
    """The newest balance of one account at Bitnob, in the smallest unit of its currency.

    An account number serves several currencies, so only ``account_id`` names an account (bitnob.md §13, trap 6).
    """

    account_id = models.TextField(primary_key=True)
    account_number = models.TextField(blank=True)
    currency = models.CharField(max_length=32)
    ledger_balance = AmountField()
    available_balance = AmountField()

    class Meta:
        constraints = [
            whole_units_within_bounds("ledger_balance", name="ledger_balance_in_bounds"),
            whole_units_within_bounds("available_balance", name="account_available_in_bounds"),
        ]
