"""Bitnob's words for people. Both lists are open: a word that is missing here is shown as Bitnob writes it."""

from django.utils.translation import gettext_lazy as _

from backoffice.transactions.models import REVERSAL, REVERSED, SETTLED

#: The documented types, and those seen in the partner's samples; the list is open (bitnob.md §6).
TYPE_LABELS = {
    "DEPOSIT_DETECTED": _("Deposit detected"),
    "DEPOSIT_PENDING": _("Deposit pending"),
    "DEPOSIT_CONFIRMED": _("Deposit confirmed"),
    "WITHDRAWAL_INITIATED": _("Withdrawal initiated"),
    "WITHDRAWAL_FAILED": _("Withdrawal failed"),
    "P2P_TRANSFER": _("Transfer inside Bitnob"),
    "SWAP_INTERNAL": _("Internal exchange"),
    "FX_REBALANCING": _("Currency rebalancing"),
    "FEE_ONLY": _("Fee only"),
    REVERSAL: _("Reversal"),
    "CARD_TOPUP": _("Card top-up"),
    "TRADE_DEBIT": _("Trade, paid"),
    "TRADE_CREDIT": _("Trade, received"),
}
STATE_LABELS = {
    "PENDING": _("Pending"),
    "IN_PROGRESS": _("In progress"),
    SETTLED: _("Settled"),
    "FAILED": _("Failed"),
    REVERSED: _("Reversed"),
}
