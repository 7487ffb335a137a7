"""What the pages of bulk files show."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.approvals.queries import approvals_of
from backoffice.approvals.wording import sentence_of
from backoffice.funding import unusual
from backoffice.funding.badges import MEANINGS
from backoffice.funding.bulk import gating, queries
from backoffice.funding.bulk.checking import no_longer_good
from backoffice.funding.bulk.columns import badge_of, open_badge
from backoffice.funding.bulk.forms import ControlForm
from backoffice.funding.bulk.policies import can_discard, can_settle, is_left_behind
from backoffice.funding.bulk.queries import Progress
from backoffice.funding.bulk.reading import Fault
from backoffice.funding.bulk.sums import stored_totals
from backoffice.funding.equal import EqualPayment
from backoffice.funding.freezing.freezes import is_locked_after_restore
from backoffice.funding.models import BulkFile, BulkRow, FileState, Kind
from backoffice.funding.models.bulk import GIVEN_UP
from backoffice.funding.needed import needed_for_file
from backoffice.funding.policies import why_not_known_yet
from backoffice.funding.states import TERMINAL_STATES, WITHOUT_EFFECT, State
from backoffice.ui import times
from backoffice.ui.text import visible
from backoffice.ui.values import Amount, Badge, Crumb, Fact, Link, Named, Reference, Text

MOST_SHOWN: Final = 200
FIRST_ROWS: Final = 20
MOST_NAMED: Final = 10
LARGEST_SHOWN: Final = 3
GAUGE_WIDTH: Final = 1_000


@dataclass(frozen=True)
class Line:
    """One row of a file as a page draws it."""

    number: int
    kind: Text
    client: Named
    amount: Amount
    reason: str


@dataclass(frozen=True)
class Equal:
    """Lines of a file that ask for the same, and what they equal."""

    lines: str
    kind: Text
    client: Named
    amount: Amount
    requests: list[EqualPayment]


@dataclass(frozen=True)
class Note:
    """What stands above a file that others have the word on, and the way to their request."""

    strong: str
    text: str
    icon: str
    url: str
    is_waiting: bool


@dataclass(frozen=True)
class StateCount:
    """How many of a file's operations stand in one state, and where they are listed."""

    badge: Badge
    count: int
    url: str


def upload_crumbs() -> list[Crumb]:
    return [*_top(), Crumb(_("Upload"))]


def _top() -> list[Crumb]:
    return [Crumb(_("Funding"), reverse("funding:list")), Crumb(_("Bulk files"), reverse("funding:bulk"))]


def faults_context(faults: list[Fault]) -> dict[str, Any]:
    """Return the first faults, and how many there are beside them."""
    lines = len({fault.line for fault in faults})
    said = ngettext("%(n)d cell needs another look.", "%(n)d cells need another look.", len(faults))
    rows = ngettext("All in %(n)d row.", "All in %(n)d rows.", lines)
    return {
        "faults": faults[:MOST_SHOWN],
        "more_faults": max(0, len(faults) - MOST_SHOWN),
        "faults_strong": said % {"n": len(faults)},
        "faults_text": rows % {"n": lines},
    }


def file_context(file: BulkFile, person: Person, now: datetime, form: ControlForm | None = None) -> dict[str, Any]:
    """Return everything the page of one file shows to ``person``; ``form`` is one that was sent and is wrong."""
    progress = queries.progress_of(file)
    is_open = file.state == FileState.DONE and ended_of(progress) < progress.dealt_with
    return {
        "file": file,
        "crumbs": [*_top(), Crumb(visible(file.name, 60))],
        "badge": open_badge(progress.refused) if is_open else badge_of(file),
        "totals": [(total_label(one.kind), Amount(one.amount, one.asset)) for one in stored_totals(file)],
        "facts": facts_of(file),
        "rows": [line_of(row) for row in queries.rows_in_order(file)[:FIRST_ROWS]],
        "more_rows": max(0, file.row_count - FIRST_ROWS),
        "marker": marker_of(file, progress),
        "is_watched": file.state in (FileState.WAITING, FileState.CONFIRMED) or progress.is_moving,
        "progress": progress_context(file, progress),
        "is_locked": file.state == FileState.CONFIRMED and is_locked_after_restore(),
        "refusals": [(row.number, row.refusal.sentence) for row in queries.refused_rows(file)[:MOST_SHOWN]],
        "more_refusals": max(0, progress.refused - MOST_SHOWN),
        "operations_url": f"{reverse('funding:list')}?file={file.pk}",
        "rows_url": rows_url(file),
        "export_url": f"{reverse('funding:bulk_export')}?file={file.pk}",
        "can_settle": can_settle(person, file),
        "can_discard": can_discard(person, file),
        "is_left_behind": is_left_behind(file),
        "note": note_of(file, now),
        **(to_confirm(file, person, now, form) if file.state == FileState.CHECKED else {}),
    }


def rows_url(file: BulkFile) -> str:
    """Return where every row of a file is read, whatever has become of it."""
    return f"{reverse('funding:bulk_rows')}?file={file.pk}"


def total_label(kind: str) -> str:
    return _("Deposits") if kind == Kind.DEPOSIT else _("Withdrawals")


def note_of(file: BulkFile, now: datetime) -> Note | None:
    """Say of a file that waits for others, or that came to nothing by them, who has the word; None of any other."""
    request = file.approval
    if request is None or file.is_being_created:
        return None
    decision = request.decisions.exclude(note="").order_by("id").last()
    words = {
        "rule": sentence_of(request.rule, request.rule_version),
        "name": decision.decided_by.name if decision else file.uploaded_by.name,
        "reason": decision.note if decision else "",
    }
    came_to_nothing = "" if file.state == FileState.WAITING else _nothing_of_it(file)
    strong, text, icon = {
        FileState.WAITING: (_("Nothing is created before others agree."), words["rule"], "hourglass"),
        FileState.REJECTED: (
            _("%(name)s rejected it: “%(reason)s”") % words,
            came_to_nothing,
            "x",
        ),
        FileState.EXPIRED: (_("Nobody decided in time."), came_to_nothing, "clock"),
        FileState.CANCELLED: (_("It was taken back."), came_to_nothing, "x"),
    }[FileState(file.state)]
    is_waiting = file.state == FileState.WAITING and request.valid_until > now
    return Note(strong, text, icon, reverse("approvals:detail", args=[request.subject]), is_waiting)


def _nothing_of_it(file: BulkFile) -> str:
    """Say what others' word left of a file; what was paid before a restore is never asked for anew."""
    if queries.is_at_the_partner(file):
        return _paid_before_a_restore()
    return _("Nothing of it was created, and it may be uploaded anew.")


def _paid_before_a_restore() -> str:
    return _(
        "Nothing of it stands here, but CoinMENA holds orders of its rows: they were sent before a backup was "
        "restored. Never ask for those anew."
    )


def to_confirm(file: BulkFile, person: Person, now: datetime, form: ControlForm | None) -> dict[str, Any]:
    """Return what a person must know before confirming: why nobody can yet, rows that cannot be made any more, equal
    requests, another file of the same name, who else has to agree."""
    form = form or ControlForm(file, queries.equal_rows(file, now))
    rows = list(queries.rows_in_order(file))
    ungated, faults = gating.rows_nobody_gates(rows, now), no_longer_good(rows)
    same_name = queries.same_name_before(file)
    return {
        "form": form,
        "not_known_yet": why_not_known_yet(),
        **(faults_context(faults) if faults else {}),
        "equal": [equal_of(one) for one in form.equal],
        "equal_count": len(queries.equal_lines(form.equal)),
        "same_name": same_name,
        "in_both": in_both_in_words(file, same_name) if same_name else "",
        "ungated_count": len(ungated),
        "needed": needed_for_file(person) if ungated else None,
    }


def equal_of(alike: queries.Alike) -> Equal:
    one = line_of(alike.rows[0])
    return Equal(", ".join(map(str, alike.lines)), one.kind, one.client, one.amount, alike.requests)


def in_both_in_words(file: BulkFile, other: BulkFile) -> str:
    """Say how many rows of a file stand in an earlier one of its name: bytes that differ may hold the same payments."""
    count = queries.rows_in_both(file, other)
    if not count:
        return _("No row stands in both.")
    said = ngettext(
        "%(n)s row stands in both, and would be paid twice.",
        "%(n)s rows stand in both, and would be paid twice.",
        count,
    )
    return said % {"n": f"{count:,}"}


def line_of(row: BulkRow) -> Line:
    client = row.client
    return Line(
        number=row.number,
        kind=Kind(row.kind).label,
        client=Named(str(client), client.partner_client_id, client.get_absolute_url()),
        amount=Amount(row.amount if row.kind == Kind.DEPOSIT else -row.amount, row.asset_id),
        reason=row.reason,
    )


def facts_of(file: BulkFile) -> list[Fact]:
    facts = [
        Fact(_("Rows"), file.row_count),
        Fact(_("Uploaded by"), file.uploaded_by.name),
        Fact(_("Uploaded"), file.uploaded_at),
    ]
    if file.confirmed_at:
        facts.append(Fact(_("Confirmed"), file.confirmed_at))
    if file.approval is not None and file.is_being_created:
        facts.append(Fact(_("Approved by"), approvers_in_words(file.approval)))
    if file.ended_at:
        state = FileState(file.state)
        facts.append(Fact(_("Rows dealt with") if state == FileState.DONE else state.label, file.ended_at))
    return [*facts, Fact(_("Digest"), Reference(f"{file.digest[:8]}…{file.digest[-4:]}"))]


def approvers_in_words(request: Request) -> str:
    """Name those whose approvals count, in the order they gave them."""
    given = approvals_of(request).select_related("decided_by").order_by("id")
    return ", ".join(one.decided_by.name for one in given)


# What an approver sees ----------------------------------------------------------------------------------------------


def approval_preview(file: BulkFile, now: datetime) -> dict[str, Any]:
    """Return what is agreed to with a file: how many rows, what they add up to, and the rows worth reading."""
    rows = list(queries.rows_in_order(file))
    equal = _("Equal to another row or request; confirmed as another payment.")
    odd = dict.fromkeys(map(str, file.confirmed_equal), equal)
    asked_at = file.confirmed_at if file.state == FileState.WAITING else None
    odd = odd | unusual.sentences_of([_movement_of(row, asked_at) for row in rows], now) | odd
    ungated = len(gating.rows_nobody_gates(rows, now))
    by_number = {str(row.number): row for row in rows}
    largest = sorted(rows, key=lambda row: row.amount, reverse=True)
    return {
        "file": file,
        "kind_label": _("File of operations"),
        "question": _("Approve the file %(name)s?") % {"name": file.name},
        "for_whom": ngettext("%(n)s row of a file", "%(n)s rows of a file", len(rows)) % {"n": f"{len(rows):,}"},
        "count": len(rows),
        "clients": len({row.client_id for row in rows}),
        "totals": [(total_label(one.kind), Amount(one.amount, one.asset)) for one in stored_totals(file)],
        "facts": facts_of(file),
        "largest": [line_of(row) for row in _largest_of_each_asset(largest)],
        "first": [line_of(row) for row in rows[:MOST_NAMED]],
        "more_rows": max(0, len(rows) - MOST_NAMED),
        "odd": [(line_of(by_number[number]), odd[number]) for number in list(odd)[:FIRST_ROWS]],
        "odd_count": len(odd),
        "more_odd": max(0, len(odd) - FIRST_ROWS),
        "ungated": ungated,
        "gated": len(rows) - ungated,
        "rows_url": rows_url(file),
    }


def _movement_of(row: BulkRow, asked_at: datetime | None) -> unusual.Movement:
    return unusual.Movement(str(row.number), row.kind, row.client, row.asset_id, row.amount, asked_at=asked_at)


def _largest_of_each_asset(largest: list[BulkRow]) -> list[BulkRow]:
    """Keep the three largest of each asset: amounts of different assets do not compare."""
    seen = Counter[str]()
    kept = []
    for row in largest:
        seen[row.asset_id] += 1
        if seen[row.asset_id] <= LARGEST_SHOWN:
            kept.append(row)
    return sorted(kept, key=lambda row: row.asset_id)


# How far it is ------------------------------------------------------------------------------------------------------


def marker_of(file: BulkFile, progress: Progress) -> str:
    """Name what the page shows: when it changes, the page has something new to show."""
    states = "".join(f"-{state}.{count}" for state, count in sorted(progress.by_state.items()))
    return f"{file.state}-{progress.refused}-{progress.held}{states}"


def marker_now(file: BulkFile) -> str:
    """Return the marker by counting only; what a page that watches asks every two seconds."""
    return marker_of(file, queries.progress_of(file))


def ended_of(progress: Progress) -> int:
    """Count the rows that nothing will become of any more: refused, or made and ended."""
    return progress.refused + sum(progress.by_state.get(state, 0) for state in TERMINAL_STATES)


def progress_context(file: BulkFile, progress: Progress) -> dict[str, Any]:
    """Return the progress bar's numbers and what the operations have come to."""
    ended = ended_of(progress)
    failed = progress.refused + sum(progress.by_state.get(state, 0) for state in WITHOUT_EFFECT)
    failed_width = failed * GAUGE_WIDTH // progress.rows
    return {
        "value": ended,
        "most": progress.rows,
        "completed_width": (ended - failed) * GAUGE_WIDTH // progress.rows,
        "failed_at": GAUGE_WIDTH - failed_width,
        "failed_width": failed_width,
        "text": _("%(done)d of %(rows)d rows have ended") % {"done": ended, "rows": progress.rows},
        "made": _("%(done)d of %(rows)d rows dealt with") % {"done": progress.dealt_with, "rows": progress.rows}
        if file.state == FileState.CONFIRMED
        else "",
        "refused": progress.refused,
        "held": held_in_words(progress.held) if progress.held else "",
        "held_until": progress.held_until,
        "states": list(_states(file, progress)),
    }


def held_in_words(count: int) -> str:
    return ngettext("A freeze holds %(n)d of them back.", "A freeze holds %(n)d of them back.", count) % {"n": count}


def _states(file: BulkFile, progress: Progress) -> Iterable[StateCount]:
    address = f"{reverse('funding:list')}?file={file.pk}"
    for state in State:
        if count := progress.by_state.get(state, 0):
            yield StateCount(Badge(state.label, MEANINGS[state]), count, f"{address}&state={state.value}")


def what_became_of(file: BulkFile) -> str:
    """Say who had uploaded these bytes before, and what became of them."""
    uploaded = _("This very file was uploaded before, by %(name)s on %(when)s.") % {
        "name": file.uploaded_by.name,
        "when": times.written(file.uploaded_at, times.MomentStyle.SHORT),
    }
    nothing = _("Nothing was stored again.")
    return f"{uploaded} {_outcome_of(file)} {nothing}"


def _outcome_of(file: BulkFile) -> str:
    state = FileState(file.state)
    is_without_result = state in GIVEN_UP or state == FileState.DONE and not queries.progress_of(file).made
    if is_without_result and queries.is_at_the_partner(file):
        return _paid_before_a_restore()
    if is_without_result:
        return _(
            "Nothing of it was made: see below why. To ask for its rows anew, upload a file that differs in a byte, "
            "e.g. in a reason."
        )
    return {
        FileState.CHECKED: _("It has not been confirmed yet."),
        FileState.WAITING: _("It waits for another person."),
        FileState.CONFIRMED: _("Its operations are being created."),
        FileState.DONE: _("It is done: see below what became of its rows."),
    }[state]


def origin_of(row: BulkRow | None) -> list[Fact]:
    """Say from which row of which file an operation comes; nothing for one that a person typed."""
    if row is None:
        return []
    address = reverse("funding:bulk_file", args=[row.file_id])
    return [Fact(_("From file"), Link(visible(row.file.name, 60), address, _("line %(n)d") % {"n": row.number}))]
