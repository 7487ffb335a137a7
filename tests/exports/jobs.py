"""Long exports asked for and built in tests, without a worker."""

from django.http import QueryDict

from backoffice.accounts.models import Person
from backoffice.exports.jobs.building import carry_out
from backoffice.exports.jobs.services import ask_for_file
from backoffice.exports.models import ExportJob, Format
from backoffice.exports.registry import Export
from backoffice.exports.wishes import Wish
from backoffice.ui.columns import FULL


def wish(export: Export, by: Person, query: str = "", preset: str = FULL, as_: Format = Format.CSV) -> Wish:
    return Wish(export, QueryDict(query), by, preset, as_)


def built(wanted: Wish) -> ExportJob:
    """Ask for a file and build it, as the worker that hears the bell would."""
    job = ask_for_file(wanted)
    carry_out(job.pk, holder="worker of the test")
    return ExportJob.objects.get(pk=job.pk)
