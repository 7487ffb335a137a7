"""The runs of a mirror: one at a time, progress kept page by page, and a run whose process ended early taken up again.

A lock of the database session tells a run that is alive from one that is dead. The unique index on running runs stands
behind it.

A run that began or read further than now did so while the database's clock ran ahead. It read no more than the partner
had by then, and the time it names is still to come: nobody goes on from it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.database import clock
from backoffice.database.locks import Work, held
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.sentences import said_by
from backoffice.partner.errors import PartnerError
from backoffice.worker.stopping import Stopping

_PLANNED: Final = ("rows_reported", "read_from", "read_to")


class AlreadyRunning(Exception):
    """Another process reads this mirror right now; ``str()`` is a sentence for staff."""


@contextmanager
def one_run(mirror: Mirror) -> Iterator[SyncRun]:
    """Hold the only run of ``mirror``: the one a dead process left, or a new one that goes on from the last checkpoint.

    The caller moves it with `advance` and ends it with `finish`. A partner's failure ends it too, with its sentence,
    and is not raised: what was read until then stays, and the next run goes on from there. Any other exception ends it
    and is raised.

    :raises AlreadyRunning: when a living process holds it.
    :raises Stopping: when its process was asked to stop; the run is left for whoever takes it up.
    """
    with held(Work.MIRROR_RUN, mirror.value) as is_mine:
        if not is_mine:
            raise AlreadyRunning(_("%(mirror)s are being read right now.") % {"mirror": mirror.label})
        run = _taken_up(mirror) or _begun(mirror)
        try:
            yield run
        except Stopping:
            raise
        except PartnerError as error:
            break_off(run, said_by(error))
        except Exception:
            break_off(run, _("The sync broke off by a fault of ours. The log has the details."))
            raise


def _taken_up(mirror: Mirror) -> SyncRun | None:
    return SyncRun.objects.filter(mirror=mirror, state=SyncRun.State.RUNNING).first()


def _begun(mirror: Mirror) -> SyncRun:
    now = clock.now()
    begun = SyncRun.objects.filter(mirror=mirror, started_at__lte=now + clock.SET_BACK)
    last = begun.order_by("-started_at", "-id").first()
    checkpoint = last.checkpoint if last and last.state != SyncRun.State.COMPLETE else {}
    return SyncRun.objects.create(mirror=mirror, started_at=now, checkpoint=checkpoint)


def last_complete(mirror: Mirror) -> SyncRun | None:
    """Return the newest complete run: everything the partner made before its ``read_to`` is mirrored."""
    latest = clock.now() + clock.SET_BACK
    complete = SyncRun.objects.filter(mirror=mirror, state=SyncRun.State.COMPLETE, started_at__lte=latest)
    return complete.exclude(read_to__gt=latest).order_by("-started_at", "-id").first()


def advance(run: SyncRun, checkpoint: Mapping[str, Any], *, pages: int = 0, read: int = 0, changed: int = 0) -> None:
    """Keep how far the run has come, in the transaction that writes its rows."""
    run.checkpoint = dict(checkpoint)
    run.pages += pages
    run.rows_read += read
    run.rows_changed += changed
    run.save(update_fields=["checkpoint", "pages", "rows_read", "rows_changed", *_PLANNED])


def result_in_words(run: SyncRun) -> str:
    """Say what a complete run brought."""
    counts = {"read": f"{run.rows_read:,}", "changed": f"{run.rows_changed:,}"}
    return (
        ngettext(
            "%(read)s row read, %(changed)s new or changed.",
            "%(read)s rows read, %(changed)s new or changed.",
            run.rows_read,
        )
        % counts
    )


def finish(run: SyncRun, state: SyncRun.State, sentence: str) -> None:
    """End a run. A complete one leaves nothing to go on from; any other keeps its checkpoint for the next run."""
    run.state = state
    run.finished_at = clock.now()
    run.sentence = sentence
    if state == SyncRun.State.COMPLETE:
        run.checkpoint = {}
    run.save(update_fields=["state", "finished_at", "sentence", "checkpoint", *_PLANNED])


def break_off(run: SyncRun, sentence: str) -> None:
    """End a run that could not be read to its end: partial when something was read, failed when nothing was."""
    if run.pages == 0:
        return finish(run, SyncRun.State.FAILED, sentence)
    so_far = _("%(rows)s rows were read; the next run goes on from there.") % {"rows": f"{run.rows_read:,}"}
    return finish(run, SyncRun.State.PARTIAL, f"{sentence} {so_far}")
