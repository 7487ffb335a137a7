"""Runs of the reconciliation and the verdict on every pair of ours and theirs. Written once, never changed."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.clients.models import Client
from backoffice.database.fields import AmountField
from backoffice.database.models import AppendOnlyModel
from backoffice.funding.models import Operation


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


class Run(AppendOnlyModel):
    """One comparison of a half-open window ``[window_from, window_to)``, written when it is finished."""

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
    counts = models.JSONField()
    totals = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["window_from", "window_to", "id"], name="runs_of_a_window")]


class Finding(AppendOnlyModel):
    """One row of a run: what we expected, what the partner has, and the verdict. Both sides are snapshots."""

    run = models.ForeignKey(Run, on_delete=models.RESTRICT, related_name="findings")
    verdict = models.CharField(max_length=24, choices=Verdict)
    reference = models.TextField(blank=True)
    operation = models.ForeignKey(Operation, null=True, on_delete=models.RESTRICT, related_name="+")
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
    their_status = models.TextField(null=True)
    their_at = models.DateTimeField(null=True)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=models.Q(verdict__in=Verdict.values), name="finding_verdict_known"),
        ]
        indexes = [models.Index(fields=["run", "verdict", "id"], name="findings_of_a_run")]
