"""A run that is under way: who asked for it, how far it is. What it found is written once, as a `Run`."""

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from backoffice.clients.models import Client
from backoffice.database.models import KeptModel
from backoffice.reconciliation.models.ledger import LedgerSource
from backoffice.reconciliation.models.runs import Run, Source


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


UNDER_WAY = (JobState.WAITING, JobState.RUNNING)


class RunJob(KeptModel):
    """The work towards one run; one at a time for a window, taken up again by another worker where one died.

    ``stage`` is a word of `jobs.py` such as ``reading``; ``done`` of ``of`` counts what the stage counts.
    """

    source = models.CharField(max_length=16, choices=Source, default=Source.OPERATIONS)
    ledger = models.ForeignKey(LedgerSource, null=True, on_delete=models.RESTRICT, related_name="+")
    window_from = models.DateTimeField()
    window_to = models.DateTimeField()
    client = models.ForeignKey(Client, null=True, on_delete=models.RESTRICT, related_name="+")
    state = models.CharField(max_length=8, choices=JobState, default=JobState.WAITING)
    stage = models.CharField(max_length=24, blank=True)
    done = models.BigIntegerField(default=0)
    of = models.BigIntegerField(null=True)
    holder = models.TextField(blank=True)
    heard_of_at = models.DateTimeField(null=True, help_text=_("When its worker last said how far it is"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    checks = models.JSONField(default=list, help_text=_("The look-ups made so far, by id; not made again"))
    run = models.OneToOneField(Run, null=True, on_delete=models.RESTRICT, related_name="job")
    sentence = models.TextField(blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                "source",
                "window_from",
                "window_to",
                Coalesce("client", Value(0)),
                Coalesce("ledger", Value(0)),
                condition=Q(state__in=UNDER_WAY),
                name="one_run_at_a_time_for_a_window",
            ),
            models.CheckConstraint(
                condition=Q(state=JobState.DONE, run__isnull=False) | (~Q(state=JobState.DONE) & Q(run=None)),
                name="job_done_with_its_run",
            ),
        ]
        indexes = [models.Index(fields=["state", "asked_at", "id"], name="jobs_by_state")]
