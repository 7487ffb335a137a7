"""A file that a worker builds: who asked for what, how far it is, and until when the file is kept."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Entry
from backoffice.database.models import KeptModel, born_in


class Format(models.TextChoices):
    CSV = "csv", _("CSV")
    CSV_BOM = "csv-bom", _("CSV for Excel")
    XLSX = "xlsx", _("Excel workbook")

    @property
    def suffix(self) -> str:
        """How the file's name ends."""
        return "xlsx" if self is Format.XLSX else "csv"

    @property
    def is_defused(self) -> bool:
        """Whether its texts are made safe against formulas: a workbook says of each cell that it is text."""
        return self is not Format.XLSX


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    BUILDING = "building", _("Being built")
    READY = "ready", _("Ready")
    BROKEN = "broken", _("Broken off")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")


UNDER_WAY = (JobState.WAITING, JobState.BUILDING)
MOVES: list[tuple[str, str]] = [
    (JobState.WAITING, JobState.BUILDING),
    (JobState.WAITING, JobState.CANCELLED),
    (JobState.WAITING, JobState.BROKEN),
    (JobState.BUILDING, JobState.READY),
    (JobState.BUILDING, JobState.BROKEN),
    (JobState.BUILDING, JobState.CANCELLED),
    (JobState.READY, JobState.EXPIRED),
    (JobState.READY, JobState.BROKEN),
]


class ExportJob(KeptModel):
    """What somebody asked for stays as it was asked; only how far it is moves on.

    ``export`` names a list of the registry, ``scope`` the object it is of where it needs one (a run), ``query`` the
    filters and the order as they stand in the address, ``preset`` the columns. ``entry`` is the manifest in the audit
    log, ``file_name`` what the download is called.
    """

    export = models.CharField(max_length=64)
    scope = models.TextField(blank=True)
    query = models.TextField(blank=True)
    zone = models.CharField(max_length=64, help_text=_("Where the days of the filters begin and end"))
    preset = models.CharField(max_length=32)
    format = models.CharField(max_length=8, choices=Format)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    asked_at = models.DateTimeField()
    address = models.TextField(blank=True)
    state = models.CharField(max_length=9, choices=JobState, default=JobState.WAITING)
    done = models.BigIntegerField(default=0)
    of = models.BigIntegerField(null=True, help_text=_("How many rows there were when it was asked for"))
    holder = models.TextField(blank=True)
    tries = models.SmallIntegerField(default=0)
    heard_of_at = models.DateTimeField(null=True, help_text=_("When its worker last said how far it is"))
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    file_name = models.TextField(blank=True)
    stored_as = models.TextField(blank=True, help_text=_("The name in the folder of exports"))
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    entry = models.OneToOneField(Entry, null=True, on_delete=models.RESTRICT, related_name="+")
    sentence = models.TextField(blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=JobState.READY)
                | Q(entry__isnull=False, expires_at__isnull=False, size__isnull=False)
                & ~Q(stored_as="")
                & ~Q(sha256=""),
                name="export_ready_with_its_file",
            ),
        ]
        indexes = [
            models.Index(fields=["asked_by", "-id"], name="export_jobs_of_a_person"),
            models.Index(fields=["state", "id"], name="export_jobs_by_state"),
        ]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(JobState.WAITING),
            pgtrigger.FSM(name="state_moves", field="state", transitions=MOVES),
            pgtrigger.ReadOnly(
                name="wish_is_kept",
                fields=["export", "scope", "query", "zone", "preset", "format", "asked_by", "asked_at", "address"],
            ),
        ]

    def __str__(self) -> str:
        return self.file_name or self.export

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def is_ready(self) -> bool:
        return self.state == JobState.READY
