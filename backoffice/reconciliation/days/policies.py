"""Who prepares, reviews, closes and reopens a day, and when it can be done (docs/adr/0026).

Finance and managers prepare; managers sign, and nobody signs what they prepared. `check_…` raises with a sentence,
`why_not_…` returns it.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused, check_role
from backoffice.approvals.policies import Conflict
from backoffice.reconciliation.comparing.digest import digest_of
from backoffice.reconciliation.days import queries
from backoffice.reconciliation.exceptions import opening
from backoffice.reconciliation.models import Day, DayState, ExceptionItem, Run, Source

PREPARERS: Final = (Role.FINANCE, Role.MANAGER)
SIGNERS: Final = (Role.MANAGER,)
ASKERS: Final = (Role.FINANCE, Role.MANAGER)
#: Named in the refusal; the rest are counted.
NAMED: Final = 3


def check_can_prepare(by: Person, day: date, standing: Day | None, run: Run | None, now: datetime) -> None:
    """Refuse preparing a day.

    :raises Refused: for people who only read.
    :raises Conflict: unless the day is over, not signed, and its newest run compared all of it.
    """
    check_role(by, *PREPARERS)
    if queries.window_of(day).end > now:
        raise Conflict(_("This day is not over yet. It can be prepared from tomorrow on."))
    check_run_is_whole(run)
    if standing is not None:
        _check_not_prepared(standing, run)


def check_run_is_whole(run: Run | None) -> None:
    """Refuse a day that was not compared, or not whole.

    :raises Conflict: saying what to do first.
    """
    if run is None:
        raise Conflict(_("This day has not been reconciled yet. Reconcile it first."))
    if not run.is_complete:
        raise Conflict(
            _("Run %(n)s is partial, and a partial run cannot be signed. %(because)s Reconcile the day again.")
            % {"n": run.pk, "because": run.incomplete_because}
        )


def _check_not_prepared(day: Day, run: Run | None) -> None:
    if day.state == DayState.CLOSED:
        raise Conflict(_("This day is closed. Ask for it to be reopened first."))
    is_same = run is not None and run.digest == day.run.digest
    if is_same and day.state in (DayState.PREPARED, DayState.REVIEWED):
        raise Conflict(_("%(name)s has prepared this already.") % {"name": day.prepared_by.name})


def check_can_review(by: Person, day: Day) -> None:
    """Refuse signing the review of a day.

    :raises Refused: for whoever is no manager, or prepared it.
    :raises Conflict: unless it was prepared, on what the newest run found.
    """
    check_may_sign(by, day)
    if day.state != DayState.PREPARED:
        raise Conflict(_("This day does not wait for a review: it is %(state)s.") % {"state": state_of(day)})
    check_nothing_newer(day)


def check_can_send_back(by: Person, day: Day) -> None:
    """Refuse sending a day back to whoever prepared it.

    :raises Refused: for whoever is no manager, or prepared it.
    :raises Conflict: unless it was prepared or reviewed.
    """
    check_may_sign(by, day)
    if day.state not in (DayState.PREPARED, DayState.REVIEWED):
        raise Conflict(_("There is nothing to send back: this day is %(state)s.") % {"state": state_of(day)})


def check_can_close(by: Person, day: Day) -> None:
    """Refuse closing a day.

    :raises Refused: for whoever is no manager, or prepared it.
    :raises Conflict: unless it was reviewed, on what the newest run found, and no exception of it is open.
    """
    check_may_sign(by, day)
    if day.state != DayState.REVIEWED:
        raise Conflict(_("Only a reviewed day can be closed: this one is %(state)s.") % {"state": state_of(day)})
    check_nothing_newer(day)
    undone = queries.undone_of(day.date)
    names = [name_of(one) for one in undone[:NAMED]]
    if names:
        raise Conflict(undone_sentence(names, undone.count()))


def check_can_ask_to_reopen(by: Person, day: Day, now: datetime) -> None:
    """Refuse asking for a closed day to be reopened.

    :raises Refused: for people who only read.
    :raises Conflict: unless it is closed and nobody has asked yet.
    """
    check_role(by, *ASKERS)
    if day.state != DayState.CLOSED:
        raise Conflict(_("Only a closed day can be reopened: this one is %(state)s.") % {"state": state_of(day)})
    waiting = queries.waiting_reopening(day, now)
    if waiting is not None:
        raise Conflict(_("%(name)s has asked for it already.") % {"name": waiting.requested_by.name})


def check_can_ask_to_check(by: Person, day: Day) -> None:
    """Refuse having a day checked before the night.

    :raises Refused: for people who only read.
    :raises Conflict: unless it is closed: one that is not is reconciled again.
    """
    check_role(by, *ASKERS)
    if day.state != DayState.CLOSED:
        raise Conflict(_("Only a closed day can be checked: this one is %(state)s.") % {"state": state_of(day)})


def check_may_sign(by: Person, day: Day) -> None:
    """Refuse a signature of somebody who may not give it.

    :raises Refused: for whoever is no manager, or prepared the day.
    """
    check_role(by, *SIGNERS)
    if day.prepared_by_id == by.pk:
        raise Refused(_("You prepared this day, so another manager reviews and closes it."))


def check_nothing_newer(day: Day) -> None:
    """Refuse a signature under what a newer run has overtaken.

    :raises Conflict: naming the run; also where the newest one could not see all of the day any more.
    """
    newest = queries.runs_of(day.date).first()
    check_run_is_whole(newest)
    if newest is not None and newest.digest != day.run.digest:
        raise Conflict(
            _("Run %(newest)s has found something else than run %(run)s, which was prepared. Prepare the day again.")
            % {"newest": newest.pk, "run": day.run_id}
        )


def check_rows_untouched(run: Run) -> None:
    """Refuse a signature under a run whose rows are not those it was made with. Reads all of them.

    :raises Conflict: then.
    """
    if digest_of(run.pk) != run.digest:
        raise Conflict(
            _("The rows of run %(n)s are no longer those it found, so nobody can sign it. Tell an administrator.")
            % {"n": run.pk}
        )


def check_no_run_is_written() -> None:
    """Refuse closing while a run brings exceptions in, and keep others from it until the closing is kept.

    :raises Conflict: then.
    """
    if not opening.hold_back_others(Source.OPERATIONS):
        raise Conflict(_("A run is being written this moment, and may find something. Close the day after it."))


def why_not(check: Callable[[], None]) -> str:
    """Say why something cannot be done; empty when it can."""
    try:
        check()
    except (Refused, Conflict) as refusal:
        return str(refusal)
    return ""


def state_of(day: Day) -> str:
    """Name a day's state for the middle of a sentence."""
    return {
        DayState.PREPARED: _("prepared"),
        DayState.SENT_BACK: _("sent back"),
        DayState.REVIEWED: _("reviewed"),
        DayState.CLOSED: _("closed"),
        DayState.REOPENED: _("reopened"),
    }[DayState(day.state)]


def name_of(item: ExceptionItem) -> str:
    """Name an exception by what a person can find it by."""
    if item.reference:
        return item.reference
    return _("order %(id)s") % {"id": item.order_id} if item.order_id else item.key


def undone_sentence(names: list[str], count: int) -> str:
    """Say which exceptions keep a day from being closed."""
    listed = ", ".join(names)
    if count > len(names):
        listed = _("%(names)s and %(n)s more") % {"names": listed, "n": count - len(names)}
    return ngettext(
        "%(n)s exception of this day is open: %(names)s. Resolve it or carry it forward first.",
        "%(n)s exceptions of this day are open: %(names)s. Resolve them or carry them forward first.",
        count,
    ) % {"n": count, "names": listed}
