"""What a client's balance should be and what the partner says it is."""

from django.db import models

from backoffice.database.fields import AmountField
from backoffice.database.models import AppendOnlyModel
from backoffice.reconciliation.models.runs import Run


class BalanceProof(AppendOnlyModel):
    """Opening and the effects of all orders since, trades too, against the balance the partner says there is.

    ``opening`` is the live balance of the newest proof before that came out even, at ``opened_at``: a difference stays
    until it is gone. It is nothing, without a time, where none did: then every order the mirror holds is added up.
    ``difference`` is live less opening and effects, with its sign. Of it, ``explained`` is what the open exceptions of
    the client and asset come to, where they come to it exactly.

    For Bitnob ``client`` is empty, ``account`` names the account and amounts count the smallest unit. Its opening is
    what the account must have held before the first transaction we know, taken by its first proof and kept.
    """

    run = models.ForeignKey(Run, on_delete=models.RESTRICT, related_name="proofs")
    client = models.TextField(blank=True)
    account = models.TextField(blank=True)
    asset = models.CharField(max_length=32)
    opening = AmountField()
    opened_at = models.DateTimeField(null=True)
    effects = AmountField()
    orders_count = models.IntegerField()
    live = AmountField()
    live_at = models.DateTimeField()
    difference = AmountField()
    explained = AmountField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["run", "client", "account", "asset"], name="one_proof_per_run_and_asset")
        ]
        indexes = [models.Index(fields=["client", "account", "asset", "-live_at"], name="proofs_of_a_balance")]
