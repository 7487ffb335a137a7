"""What the mirrors remember of their own work: runs, incidents, and the rate limit they share."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.database.models import AppendOnlyModel, KeptModel


class Mirror(models.TextChoices):
    CLIENTS = "clients", _("CoinMENA clients")
    ASSETS = "assets", _("CoinMENA assets")
    ORDERS = "orders", _("CoinMENA orders")
    TRANSACTIONS = "transactions", _("Bitnob transactions")
    BITNOB_BALANCES = "bitnob_balances", _("Bitnob balances")


class SyncRun(KeptModel):
    """One reading of a partner's list. Progress is committed page by page, so a run that died is taken up again.

    ``read_to`` is the end of the closed window once the run is complete: every row the partner made before it was read.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        COMPLETE = "complete", _("Complete")
        PARTIAL = "partial", _("Partial")
        FAILED = "failed", _("Failed")

    mirror = models.CharField(max_length=16, choices=Mirror)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    read_from = models.DateTimeField(null=True)
    read_to = models.DateTimeField(null=True)
    checkpoint = models.JSONField(default=dict)
    pages = models.IntegerField(default=0)
    rows_read = models.BigIntegerField(default=0)
    rows_changed = models.BigIntegerField(default=0)
    rows_reported = models.BigIntegerField(null=True)
    sentence = models.TextField(blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["mirror"], condition=models.Q(state="running"), name="one_run_at_a_time_per_mirror"
            ),
        ]
        indexes = [models.Index(fields=["mirror", "-started_at"], name="runs_of_a_mirror")]


class Incident(AppendOnlyModel):
    """Something a partner did that it says it never does, e.g. a terminal row that changed. Kept for people to see."""

    mirror = models.CharField(max_length=16, choices=Mirror)
    kind = models.CharField(max_length=32)
    object_id = models.CharField(max_length=128)
    sentence = models.TextField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    seen_at = models.DateTimeField(db_index=True)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["mirror", "object_id"], name="incidents_of_an_object")]


class RateBucket(models.Model):
    """A token bucket shared by every worker that talks to one partner."""

    partner = models.CharField(max_length=16, primary_key=True)
    tokens = models.FloatField()
    refilled_at = models.DateTimeField()


class MirroredModel(models.Model):
    """A row kept as the partner said it: ``raw`` is the exact bytes received, ``read_at`` when.

    ``is_cleaned`` marks rows whose typed text columns had characters PostgreSQL cannot hold (NUL, lone surrogates); the
    raw bytes still have them.
    """

    raw = models.BinaryField()
    read_at = models.DateTimeField()
    is_cleaned = models.BooleanField(default=False)

    class Meta:
        abstract = True
