"""A file made again every day or month without anybody asking, and each time it was."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.database.models import KeptModel, born_in
from backoffice.exports.models.jobs import ExportJob, Format


class Every(models.TextChoices):
    DAY = "day", _("Every day")
    MONTH = "month", _("Every month")


class Delivery(models.TextChoices):
    MAIL = "mail", _("A link by e-mail")
    FOLDER = "folder", _("Into a folder")


class ScheduleState(models.TextChoices):
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped by itself")
    ENDED = "ended", _("Ended")


class RunState(models.TextChoices):
    BUILDING = "building", _("Being built")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Not made")
    SKIPPED = "skipped", _("Missed")


class Schedule(KeptModel):
    """What somebody wants again and again stays as it was asked; only whether it goes on changes.

    ``export``, ``scope``, ``query``, ``zone``, ``preset`` and ``format`` say the same as those of an `ExportJob`. Where
    ``day_filter`` names a filter of the list by days, each file holds the rows of its own day or month by it; otherwise
    whatever the filter finds when the file is made. ``begins`` is the first day of the first period that gets a file.
    """

    export = models.CharField(max_length=64)
    scope = models.TextField(blank=True)
    query = models.TextField(blank=True)
    zone = models.CharField(max_length=64, help_text=_("Where its days and months begin and end"))
    preset = models.CharField(max_length=32)
    format = models.CharField(max_length=8, choices=Format)
    every = models.CharField(max_length=5, choices=Every)
    day_filter = models.CharField(max_length=64, blank=True)
    delivery = models.CharField(max_length=6, choices=Delivery)
    folder = models.CharField(max_length=40, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    made_at = models.DateTimeField()
    begins = models.DateField()
    state = models.CharField(max_length=7, choices=ScheduleState, default=ScheduleState.RUNNING)
    state_since = models.DateTimeField()
    sentence = models.TextField(blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(delivery=Delivery.MAIL, folder="") | Q(delivery=Delivery.FOLDER) & ~Q(folder=""),
                name="schedule_with_its_folder",
            ),
            models.CheckConstraint(
                condition=~Q(state=ScheduleState.STOPPED) | ~Q(sentence=""), name="schedule_stopped_for_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["owner", "-id"], name="schedules_of_a_person")]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(ScheduleState.RUNNING),
            pgtrigger.FSM(
                name="state_moves",
                field="state",
                transitions=[
                    (ScheduleState.RUNNING, ScheduleState.PAUSED),
                    (ScheduleState.PAUSED, ScheduleState.RUNNING),
                    (ScheduleState.RUNNING, ScheduleState.STOPPED),
                    (ScheduleState.RUNNING, ScheduleState.ENDED),
                    (ScheduleState.PAUSED, ScheduleState.ENDED),
                ],
            ),
            pgtrigger.ReadOnly(
                name="wish_is_kept",
                fields=[
                    "export",
                    "scope",
                    "query",
                    "zone",
                    "preset",
                    "format",
                    "every",
                    "day_filter",
                    "delivery",
                    "folder",
                    "owner",
                    "made_at",
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.export}, {self.get_every_display()}"

    @property
    def is_running(self) -> bool:
        return self.state == ScheduleState.RUNNING

    @property
    def is_paused(self) -> bool:
        return self.state == ScheduleState.PAUSED


class ScheduledRun(KeptModel):
    """The file of one period of a schedule, ``period`` being its first day. The database keeps it the only one.

    ``place`` says where it was delivered to; while it is not, where a worker has begun to, whatever became of that.
    ``sentence`` says why it was not delivered, or not yet, or perhaps twice. ``is_late`` is one that was begun long
    after it was due.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.RESTRICT, related_name="runs")
    period = models.DateField()
    due_at = models.DateTimeField()
    begun_at = models.DateTimeField()
    is_late = models.BooleanField(default=False)
    job = models.OneToOneField(ExportJob, null=True, on_delete=models.RESTRICT, related_name="scheduled_run")
    state = models.CharField(max_length=9, choices=RunState, default=RunState.BUILDING)
    ended_at = models.DateTimeField(null=True)
    place = models.TextField(blank=True)
    sentence = models.TextField(blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["schedule", "period"], name="one_run_of_each_period"),
            models.CheckConstraint(condition=Q(state=RunState.SKIPPED) | Q(job__isnull=False), name="run_with_its_job"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state=RunState.BUILDING), name="runs_to_be_delivered")]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(RunState.BUILDING, RunState.SKIPPED),
            pgtrigger.FSM(
                name="state_moves",
                field="state",
                transitions=[(RunState.BUILDING, RunState.DELIVERED), (RunState.BUILDING, RunState.FAILED)],
            ),
            pgtrigger.ReadOnly(
                name="period_is_kept", fields=["schedule", "period", "due_at", "begun_at", "is_late", "job"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period.isoformat()} of schedule {self.schedule_id}"
