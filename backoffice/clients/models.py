"""Mirror of CoinMENA's clients and assets, and the last balances read of each client."""

from typing import Final

from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse

from backoffice.database.fields import AmountField, amount_within_bounds
from backoffice.database.models import KeptModel
from backoffice.mirror.models import MirroredModel

#: The one status that may be funded; CoinMENA documents no other, and every other counts as not eligible.
VERIFIED: Final = "verified"


class Asset(MirroredModel, KeptModel):
    """Something a balance can be held in. Only fiat can be deposited and withdrawn (coinmena.md §5)."""

    asset_id = models.CharField(max_length=32, primary_key=True)
    name = models.TextField(blank=True)
    type = models.CharField(max_length=32, blank=True)
    precision = models.SmallIntegerField(null=True)
    published = models.BooleanField(default=False)
    depositable = models.BooleanField(default=False)
    withdrawable = models.BooleanField(default=False)

    class Meta(KeptModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.asset_id


class Country(MirroredModel, KeptModel):
    """A country CoinMENA supports, by its short code such as ``bh``."""

    id = models.CharField(max_length=16, primary_key=True)
    name = models.TextField(blank=True)

    class Meta(KeptModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.name or self.id


class Client(MirroredModel, KeptModel):
    """An end user of ours at CoinMENA, known to us and to them by ``partner_client_id`` (coinmena.md §6)."""

    partner_client_id = models.CharField(max_length=128, unique=True)
    partner_id = models.BigIntegerField(null=True, help_text="CoinMENA's own id")
    name = models.TextField(blank=True)
    status = models.CharField(max_length=64)
    active = models.BooleanField()
    country_id = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)

    class Meta(KeptModel.Meta):
        abstract = False
        indexes = [models.Index(Lower("name"), "id", name="client_by_name")]

    def __str__(self) -> str:
        return self.name or self.partner_client_id

    @property
    def is_verified(self) -> bool:
        return self.status == VERIFIED

    def get_absolute_url(self) -> str:
        """The client's page. Whatever CoinMENA takes for an id stands in the address, percent-encoded."""
        return reverse("clients:detail", args=[self.partner_client_id])


class BalanceReading(models.Model):
    """The newest balance of one client in one asset, as read from CoinMENA at ``read_at``. Never computed here.

    Of zero is also what that answer left out. All readings of a client are of one answer, so of one moment.
    """

    client = models.ForeignKey(Client, on_delete=models.RESTRICT, related_name="balances")
    asset_id = models.CharField(max_length=32)
    balance = AmountField()
    available_balance = AmountField()
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "asset_id"], name="one_reading_per_client_and_asset"),
            amount_within_bounds("balance", name="balance_in_bounds"),
            amount_within_bounds("available_balance", name="available_balance_in_bounds"),
        ]
