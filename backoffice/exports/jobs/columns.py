"""The files a person had built, as a list."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.exports import registry
from backoffice.exports.models import UNDER_WAY, ExportJob
from backoffice.exports.wording import badge_of
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing
from backoffice.ui.values import Text


def files_of(person: Person) -> QuerySet[ExportJob]:
    """The files a person had built, and nobody else's."""
    return ExportJob.objects.filter(asked_by=person)


def marker_of_all(person: Person) -> str:
    """What changes when the list has to be drawn again; empty while nothing is being built."""
    under_way = files_of(person).filter(state__in=UNDER_WAY).order_by("id")
    return ",".join(f"{one}-{state}-{done}" for one, state, done in under_way.values_list("id", "state", "done"))


def title_of(job: ExportJob) -> Text:
    """The name of the list a file is of."""
    return title_named(job.export)


def title_named(export: str) -> Text:
    """The name of the list that is exported under a name; that name where none is any more."""
    try:
        return registry.find(export).listing.title
    except registry.UnknownExport:
        return export


@dataclass(frozen=True)
class Progress:
    """How far a file is: rows so far, of how many there were when it was asked for, and of a thousand."""

    done: int
    of: int
    text: str

    @property
    def most(self) -> int:
        return self.of or 1

    @property
    def width(self) -> int:
        return self.done * 1000 // self.of if self.of else 0


def progress_of(job: ExportJob) -> Progress:
    """How far it is: of a thousand, and in words."""
    of = max(job.of or 0, job.done)
    said = {"done": f"{job.done:,}", "of": f"{of:,}"}
    if job.is_under_way and of:
        return Progress(job.done, of, gettext("%(done)s of %(of)s rows") % said)
    return Progress(job.done, of, gettext("%(done)s rows") % said)


COLUMNS = Columns(
    Column(
        key="list",
        label=_("List"),
        value=title_of,
        url=lambda job: reverse("exports:file", args=[job.pk]),
    ),
    Column(key="file", label=_("File"), value=lambda job: job.file_name or None, on_phone=OnPhone.HIDE),
    Column(key="format", label=_("Format"), value=lambda job: job.get_format_display(), on_phone=OnPhone.HIDE),
    Column(key="state", label=_("State"), kind=Kind.BADGE, value=lambda job: badge_of(job.state)),
    Column(key="rows", label=_("Rows"), value=progress_of, template="exports/cell_progress.html"),
    Column(key="asked", label=_("Asked"), kind=Kind.TIME, value=lambda job: job.asked_at, classes="soft"),
    Column(
        key="kept",
        label=_("Kept until"),
        kind=Kind.TIME,
        value=lambda job: job.expires_at if job.is_ready else None,
        classes="soft",
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="download",
        label=_("Download"),
        value=lambda job: _("Download") if job.is_ready else None,
        url=lambda job: reverse("exports:download", args=[job.pk]) if job.is_ready else None,
        template="exports/cell_download.html",
    ),
)
FILES = Listing(
    name="my-files",
    title=_("My files"),
    caption=_("Files that were built for you, newest first"),
    columns=COLUMNS,
    sorts=(Sort("asked", _("Asked"), ("id",)),),
    count_label=lambda n: ngettext("%(n)s file", "%(n)s files", n) % {"n": f"{n:,}"},
    note_template="exports/files_note.html",
    actions_template="exports/files_actions.html",
    empty=Empty(
        _("No files yet."),
        _("Long exports are built by a worker; they stand here for a week. Short ones leave at once."),
    ),
)
