"""A verification of the log that a worker carries out: who asked, how far it is, which entry says its outcome."""

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models.entry import Entry
from backoffice.database.models import KeptModel


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Broken off")


UNDER_WAY = (JobState.WAITING, JobState.RUNNING)


class VerificationJob(KeptModel):
    """One check of the whole log; one at a time, taken up again by another worker where one died.

    ``done`` of ``of`` entries are checked. ``entry`` is what the log says of the outcome, ``sentence`` why
    there is none.
    """

    state = models.CharField(max_length=8, choices=JobState, default=JobState.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    asked_at = models.DateTimeField()
    address = models.TextField(blank=True, help_text=_("From where it was asked for"))
    done = models.BigIntegerField(default=0)
    of = models.BigIntegerField(null=True)
    holder = models.TextField(blank=True)
    tries = models.SmallIntegerField(default=0)
    heard_of_at = models.DateTimeField(null=True, help_text=_("When its worker last said how far it is"))
    ended_at = models.DateTimeField(null=True)
    entry = models.OneToOneField(Entry, null=True, on_delete=models.RESTRICT, related_name="+")
    sentence = models.TextField(blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(Value(1), condition=Q(state__in=UNDER_WAY), name="one_verification_at_a_time"),
            models.CheckConstraint(
                condition=Q(state=JobState.DONE, entry__isnull=False) | (~Q(state=JobState.DONE) & Q(entry=None)),
                name="verification_done_with_its_entry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY
