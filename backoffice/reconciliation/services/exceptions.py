"""Work exceptions: one or many at once, each with a result of its own. No amount is ever edited.

Every function takes the ids and who acts, refuses people who may only read (`Refused`), and returns a `Result` for each
id, in their order: what was done, or the sentence why not.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.accounts.policies import has_role
from backoffice.approvals.policies import Conflict
from backoffice.reconciliation.exceptions import acts
from backoffice.reconciliation.exceptions.acting import Act, Result, each, locked, one, tell, write_down
from backoffice.reconciliation.exceptions.policies import check, check_can_work, why_not_work
from backoffice.reconciliation.exceptions.queries import workers
from backoffice.reconciliation.exceptions.reading_again import read_and_compare
from backoffice.reconciliation.exceptions.sheets import Change
from backoffice.reconciliation.models import (
    FORCED,
    ExceptionEvent,
    ExceptionItem,
    ExceptionState,
    Resolution,
    Run,
    Severity,
)
from backoffice.reconciliation.policies import RECONCILERS

Ids = Iterable[int]
MOST_READ: Final = 10


def assign(ids: Ids, *, owner: Person | None, by: Person) -> list[Result]:
    """Give exceptions to a person of finance or a manager, or to nobody.

    :raises ValueError: for an owner who does not work exceptions.
    """
    check_can_work(by)
    if owner is not None and not (owner.is_active and has_role(owner, *RECONCILERS)):
        raise ValueError("an owner works exceptions")
    return each(ids, acts.assigning(owner, by=by), by=by)


def set_severity(ids: Ids, *, severity: Severity, by: Person) -> list[Result]:
    """Say how grave they are; when they are due follows from it."""
    return each(ids, acts.weighing(Severity(severity), by=by), by=by)


def note(ids: Ids, *, text: str, by: Person) -> list[Result]:
    """Write the same note on each."""
    return each(ids, acts.noting(worded(text), by=by), by=by)


def refer(ids: Ids, *, address: str, text: str = "", by: Person) -> list[Result]:
    """Keep the address of something outside that belongs to them.

    :raises ValueError: for an address that is not https.
    """
    if not address.startswith("https://"):
        raise ValueError("a link leads to an https address")
    return each(ids, acts.referring(address, text, by=by), by=by)


def carry(ids: Ids, *, text: str, by: Person) -> list[Result]:
    """Carry them forward as a matter of timing."""
    return each(ids, acts.carrying(worded(text), by=by), by=by)


def raise_with_partner(ids: Ids, *, ticket: str, text: str, by: Person) -> list[Result]:
    """Carry them forward under the partner's ticket."""
    return each(ids, acts.raising(worded(ticket), worded(text), by=by), by=by)


def link(ids: Ids, *, reference: str, text: str, by: Person) -> list[Result]:
    """End them: the order is what an operation in review of ours made. Several orders cannot be one payment.

    :raises Conflict: for more than one.
    """
    wanted = list(ids)
    if len(wanted) > 1:
        raise Conflict(_("One operation made one order at most. Link them one by one."))
    return each(wanted, acts.linking(reference, worded(text), by=by), by=by)


def ask_to_force(ids: Ids, *, resolution: Resolution, text: str, by: Person) -> list[Result]:
    """Ask a manager to end them although both sides differ; each is a request of its own.

    :raises ValueError: for a resolution that is none of `FORCED`.
    """
    if resolution not in FORCED:
        raise ValueError(f"{resolution} takes no second person")
    return each(ids, acts.forcing_by(Resolution(resolution), worded(text), by=by), by=by)


def read_again(ids: Ids, *, by: Person) -> list[Result]:
    """Ask the partner about each once more and compare it again; no transaction is held while the partner is asked.

    :raises Conflict: for more than `MOST_READ`, since somebody waits for the answers.
    """
    check_can_work(by)
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST_READ:
        raise Conflict(_("At most %(most)s exceptions are read again at once. Choose fewer.") % {"most": MOST_READ})
    return [read_one_again(item_id, by) for item_id in wanted]


def read_one_again(item_id: int, by: Person) -> Result:
    """Read one exception again, or say why not."""
    item = ExceptionItem.objects.filter(pk=item_id).first()
    if item is None:
        return Result(item_id, False, _("There is no such exception."))
    try:
        check(why_not_work(item))
        run = read_and_compare(item, by)
    except Conflict as conflict:
        return Result(item_id, False, str(conflict))
    return Result(item_id, True, told_again(item_id, run, by))


@transaction.atomic
def told_again(item_id: int, run: Run, by: Person) -> str:
    """Write the reading down, and say what came of it."""
    item = locked(item_id)
    if item is None:
        raise ValueError("an exception is never deleted")
    tell(item, ExceptionEvent.Kind.READ_AGAIN, by=by, at=run.finished_at, after=item.state, run=run)
    write_down("exception.read_again", item, by=by, run=run.pk, state=item.state)
    return sentence_after(item, run)


def sentence_after(item: ExceptionItem, run: Run) -> str:
    """Say what reading again came to."""
    if item.state == ExceptionState.CLEARED:
        return _("Read again: both sides agree now, so it is cleared.")
    if not run.is_complete:
        return _("Read again, and nothing is proven: %(why)s") % {"why": run.incomplete_because}
    return _("Read again: both sides still differ.")


def worded(text: str) -> str:
    """Return the words without blanks around them.

    :raises ValueError: when nothing is left.
    """
    kept = text.strip()
    if not kept:
        raise ValueError("an act that speaks needs words")
    return kept


def apply_sheet(changes: Sequence[Change], *, by: Person) -> list[Result]:
    """Do what the rows of a sheet want, each row whole or not at all, with a result for each.

    :raises Refused: for people who may only read.
    """
    check_can_work(by)
    people = {person.email: person for person in workers()}
    return [one(change.item_id, acts.together(acts_of(change, people, by))) for change in changes]


def acts_of(change: Change, people: dict[str, Person], by: Person) -> list[Act]:
    """The acts one row stands for, in the order they are done."""
    wanted: list[Act] = []
    if change.owner:
        wanted.append(acts.assigning_by_address(change.owner, people, by=by))
    if change.severity:
        wanted.append(acts.weighing(Severity(change.severity), by=by))
    if change.note:
        wanted.append(acts.noting(change.note, by=by))
    if change.carry:
        wanted.append(acts.carrying(change.carry, by=by))
    if change.ticket:
        wanted.append(acts.raising(change.ticket, change.raised, by=by))
    return wanted
