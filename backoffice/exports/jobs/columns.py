"""The files a person had built, as a list."""

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.exports import registry
from backoffice.exports.models import ExportJob
from backoffice.exports.wording import badge_of
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing
from backoffice.ui.values import Text


def files_of(person: Person) -> QuerySet[ExportJob]:
    """The files a person had built, and nobody else's."""
    return ExportJob.objects.filter(asked_by=person)


def title_of(job: ExportJob) -> Text:
    """The name of the list a file is of."""
    return title_named(job.export)


def title_named(export: str) -> Text:
    """The name of the list that is exported under a name; that name where none is any more."""
    try:
        return registry.find(export).listing.title
    except registry.UnknownExport:
        return export


COLUMNS = Columns(
    Column(
        key="list",
        label=_("List"),
        value=title_of,
        url=lambda job: reverse("exports:file", args=[job.pk]),
    ),
    Column(key="file", label=_("File"), value=lambda job: job.file_name or None, on_phone=OnPhone.HIDE),
    Column(key="format", label=_("Format"), value=lambda job: job.get_format_display(), on_phone=OnPhone.HIDE),
    Column(key="rows", label=_("Rows"), kind=Kind.NUMBER, value=lambda job: f"{job.done:,}", on_phone=OnPhone.LABEL),
    Column(key="state", label=_("State"), kind=Kind.BADGE, value=lambda job: badge_of(job.state)),
    Column(key="asked", label=_("Asked"), kind=Kind.TIME, value=lambda job: job.asked_at, classes="soft"),
    Column(
        key="kept",
        label=_("Kept until"),
        kind=Kind.TIME,
        value=lambda job: job.expires_at if job.is_ready else None,
        classes="soft",
        on_phone=OnPhone.HIDE,
    ),
)
FILES = Listing(
    name="my-files",
    title=_("My files"),
    caption=_("Files that were built for you, newest first"),
    columns=COLUMNS,
    sorts=(Sort("asked", _("Asked"), ("id",)),),
    count_label=lambda n: ngettext("%(n)s file", "%(n)s files", n) % {"n": f"{n:,}"},
    empty=Empty(
        _("No files yet."),
        _("Long exports are built by a worker; they stand here for a week. Short ones leave at once."),
    ),
)
