"""A ledger file is taken whole or not at all, counts when a person accepts it, and never brings a reference twice."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import ProgrammingError

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.database import clock
from backoffice.reconciliation.models import LedgerEntry, LedgerFile
from backoffice.reconciliation.services import ledger
from tests.reconciliation.ledger.books import (
    MAPPING,
    accepted,
    csv_of,
    line,
    mapped,
    opened,
    uploaded,
)

pytestmark = pytest.mark.django_db


def faults(by: Person, *lines: str) -> list[tuple[int, str, str]]:
    source = mapped(by)
    with pytest.raises(ledger.BadLines) as refused:
        uploaded(by, source, *lines)
    assert not LedgerFile.objects.exists()
    return [(fault.line, fault.column, fault.sentence) for fault in refused.value.faults]


def test_an_accepted_file_becomes_entries_in_our_words(maya: Person) -> None:
    source = mapped(maya)
    file = accepted(maya, source, line(1), line(2, type="OUT", status="Void", asset="BHD", amount="0.125"))
    first, second = LedgerEntry.objects.order_by("line")
    assert (first.reference, first.kind, first.amount, first.status) == (
        "dep-1",
        "deposit",
        Decimal("1.50"),
        "completed",
    )
    assert (second.kind, second.status, str(second.amount), second.line) == ("withdrawal", "failed", "0.125", 3)
    assert first.booked_at == datetime(2026, 11, 18, 12, tzinfo=UTC)
    assert file.totals == [
        {"asset": "BHD", "rows": 1, "failed": 1, "deposited": "0", "withdrawn": "0"},
        {"asset": "USD", "rows": 1, "failed": 0, "deposited": "1.50", "withdrawn": "0"},
    ]


def test_nothing_counts_before_somebody_accepts_it(maya: Person) -> None:
    file = uploaded(maya, mapped(maya), line())
    assert file.state == "checked"
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ({"reference": ""}, "reference", "needs the reference"),
        ({"reference": "=1+1"}, "reference", "as a formula"),
        ({"reference": "1.23457E+15"}, "reference", "shortened this number"),
        ({"reference": "r" * 129}, "reference", "At most 128 characters"),
        ({"client": "nobody"}, "client", "no client with this id"),
        ({"client": "@user_1"}, "client", "as a formula"),
        ({"client": ""}, "client", "whose balance"),
        ({"type": "sideways"}, "type", "no such word for a type"),
        ({"asset": "XYZ"}, "asset", "no such asset"),
        ({"amount": "-5"}, "amount", "minus sign"),
        ({"amount": "five"}, "amount", "digits"),
        ({"at": "18/11/2026"}, "at", "yyyy-mm-dd"),
        ({"at": "1999-12-31"}, "at", "before the year 2000"),
        ({"at": "2999-01-01"}, "at", "in the future"),
        ({"status": "maybe"}, "status", "no such word for a status"),
    ],
)
def test_each_mistake_gets_a_sentence_by_line_and_column(
    maya: Person, cells: dict[str, str], column: str, said: str
) -> None:
    [(number, where, sentence)] = faults(maya, line(1), line(2, **cells))
    assert (number, where) == (3, column)
    assert said in sentence


def test_all_mistakes_of_a_file_are_told_at_once(maya: Person) -> None:
    found = faults(maya, line(1, client="nobody", amount="x"), "a,b", line(3, asset="XYZ"))
    assert [(number, column) for number, column, _said in found] == [
        (2, "client"),
        (2, "amount"),
        (3, ""),
        (4, "asset"),
    ]


def test_one_reference_on_two_lines_of_a_file_is_told_with_both_lines(maya: Person) -> None:
    [(number, column, sentence)] = faults(maya, line(1), line(2), line(3, reference="dep-1"))
    assert (number, column) == (4, "reference")
    assert "Lines 2 and 4" in sentence


def test_a_reference_that_counts_already_is_told_with_its_file_and_line(maya: Person) -> None:
    source = mapped(maya)
    accepted(maya, source, line(1), line(2), name="monday.csv")
    with pytest.raises(ledger.BadLines) as refused:
        uploaded(maya, source, line(3), line(4, reference="dep-2"))
    assert "line 3 of monday.csv" in refused.value.faults[0].sentence


def test_a_reference_may_stand_in_two_ledgers(maya: Person) -> None:
    accepted(maya, mapped(maya, name="One"), line(1))
    accepted(maya, mapped(maya, name="Two"), line(1))
    assert LedgerEntry.objects.filter(reference="dep-1").count() == 2


def test_a_reference_that_came_meanwhile_stops_the_acceptance(maya: Person) -> None:
    source = mapped(maya)
    first, second = uploaded(maya, source, line(1)), uploaded(maya, source, line(1), line(2), name="other.csv")
    ledger.accept(file_id=first.pk, by=maya)
    with pytest.raises(ledger.BadLines):
        ledger.accept(file_id=second.pk, by=maya)
    second.refresh_from_db()
    assert second.state == "checked"
    assert LedgerEntry.objects.count() == 1


def test_the_database_itself_refuses_a_second_entry_of_one_reference(maya: Person) -> None:
    source = mapped(maya)
    accepted(maya, source, line(1))
    other = accepted(maya, source, line(2))
    entry = LedgerEntry.objects.get(reference="dep-1")
    entry.pk, entry.file, entry.line = None, other, 99
    with pytest.raises(IntegrityError, match="stands in this ledger already"), transaction.atomic():
        entry.save(force_insert=True)


def test_the_database_writes_no_entry_for_a_file_that_does_not_count(maya: Person) -> None:
    source = mapped(maya)
    waiting = uploaded(maya, source, line(2))
    accepted(maya, source, line(1), name="other.csv")
    entry = LedgerEntry.objects.get()
    entry.pk, entry.file, entry.reference = None, waiting, "dep-2"
    with pytest.raises(IntegrityError, match="does not count"), transaction.atomic():
        entry.save(force_insert=True)


def test_identical_bytes_are_recognised_while_they_stand(maya: Person, omar: Person) -> None:
    source = mapped(maya)
    file = accepted(maya, source, line(1))
    again = ledger.upload(source_id=source.pk, name="copy.csv", content=csv_of(line(1)), by=omar)
    assert (again.file.pk, again.is_new) == (file.pk, False)


def test_a_withdrawn_file_counts_no_more_and_may_be_brought_again(maya: Person) -> None:
    source = mapped(maya)
    file = accepted(maya, source, line(1))
    withdrawn = ledger.withdraw(file_id=file.pk, reason=" The wrong month ", by=maya)
    assert (withdrawn.state, withdrawn.withdrawn_because) == ("withdrawn", "The wrong month")
    assert LedgerEntry.objects.filter(file=file).count() == 1
    again = accepted(maya, source, line(1))
    assert again.pk != file.pk
    assert LedgerEntry.objects.filter(file__state="accepted").count() == 1


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_file_is_not_withdrawn_without_a_reason_fit_to_keep(maya: Person, reason: str) -> None:
    file = accepted(maya, mapped(maya), line(1))
    with pytest.raises(ledger.ReasonMissing):
        ledger.withdraw(file_id=file.pk, reason=reason, by=maya)


def test_what_was_settled_is_not_settled_again(maya: Person) -> None:
    source = mapped(maya)
    file = accepted(maya, source, line(1))
    for again in (ledger.accept, ledger.discard):
        with pytest.raises(Conflict):
            again(file_id=file.pk, by=maya)
    discarded = ledger.discard(file_id=uploaded(maya, source, line(2)).pk, by=maya)
    with pytest.raises(Conflict):
        ledger.withdraw(file_id=discarded.pk, reason="No", by=maya)


def test_the_database_lets_no_withdrawn_file_count_again(maya: Person) -> None:
    file = accepted(maya, mapped(maya), line(1))
    ledger.withdraw(file_id=file.pk, reason="The wrong month", by=maya)
    with pytest.raises(ProgrammingError, match="Invalid transition"), transaction.atomic():
        LedgerFile.objects.filter(pk=file.pk).update(state="accepted", withdrawn_at=None)


def test_a_mapping_changed_later_leaves_a_checked_file_as_it_was_read(maya: Person) -> None:
    source = mapped(maya)
    file = uploaded(maya, source, line(1))
    swapped = MAPPING.columns | {"reference": "Client", "client": "Our reference"}
    ledger.map_columns(source_id=source.pk, mapping=type(MAPPING)(columns=swapped, words=MAPPING.words), by=maya)
    ledger.accept(file_id=file.pk, by=maya)
    assert LedgerEntry.objects.get().reference == "dep-1"


def test_no_file_is_taken_before_the_columns_are_mapped(maya: Person) -> None:
    source = opened(maya)
    with pytest.raises(Conflict, match="Map the ledger's columns first"):
        uploaded(maya, source, line(1))


def test_two_ledgers_do_not_share_a_name(maya: Person) -> None:
    opened(maya, "Treasury book")
    with pytest.raises(ledger.NameTaken):
        opened(maya, "Treasury book")


def acts(source_id: int, file_id: int) -> dict[str, Any]:
    return {
        "open": lambda by: ledger.open_ledger(name="Other", file_name="x", content=csv_of(line()), by=by),
        "map": lambda by: ledger.map_columns(source_id=source_id, mapping=MAPPING, by=by),
        "upload": lambda by: ledger.upload(source_id=source_id, name="x", content=csv_of(line(9)), by=by),
        "accept": lambda by: ledger.accept(file_id=file_id, by=by),
        "discard": lambda by: ledger.discard(file_id=file_id, by=by),
        "withdraw": lambda by: ledger.withdraw(file_id=file_id, reason="No", by=by),
    }


@pytest.mark.parametrize("act", ["open", "map", "upload", "accept", "discard", "withdraw"])
def test_auditors_and_administrators_change_no_ledger(act: str, maya: Person, vera: Person, adam: Person) -> None:
    source = mapped(maya)
    file = uploaded(maya, source, line(1))
    for reader in (vera, adam):
        with pytest.raises(Refused):
            acts(source.pk, file.pk)[act](reader)


def test_every_step_leaves_an_entry_in_the_log(maya: Person, omar: Person) -> None:
    source = mapped(maya)
    file = accepted(maya, source, line(1))
    ledger.withdraw(file_id=file.pk, reason="The wrong month", by=omar)
    ledger.discard(file_id=uploaded(maya, source, line(2)).pk, by=maya)
    told = list(Entry.objects.filter(event__startswith="ledger.").order_by("number").values_list("event", flat=True))
    assert told == [
        "ledger.made",
        "ledger.mapped",
        "ledger.uploaded",
        "ledger.accepted",
        "ledger.withdrawn",
        "ledger.uploaded",
        "ledger.discarded",
    ]
    withdrawn = Entry.objects.get(event="ledger.withdrawn")
    assert (withdrawn.reason, (withdrawn.after or {})["ledger"]) == ("The wrong month", "Treasury book")


def test_a_file_in_the_future_by_less_than_a_day_is_a_matter_of_zones(maya: Person) -> None:
    source = mapped(maya)
    soon = clock.now().strftime("%Y-%m-%dT23:59:00Z")
    assert accepted(maya, source, line(1, at=soon)).row_count == 1
