"""The same pass with a ledger on our side: its accepted entries against CoinMENA's orders, and its slow twin."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from backoffice.funding.states import State
from backoffice.reconciliation.comparing.digest import digest_of
from backoffice.reconciliation.comparing.matching import Comparison
from backoffice.reconciliation.comparing.totals import sums_of
from backoffice.reconciliation.models import Finding, LedgerFile, LedgerSource, Source, Verdict
from tests.reconciliation import rows
from tests.reconciliation.rows import DAY, NOON, READ, Ours, Theirs
from tests.reconciliation.test_matching import (
    ABSENT,
    ALL_OURS,
    ALL_THEIRS,
    PROPERTY,
    SETTLED_BEFORE,
    STARTED,
    WINDOW,
    essence_of_twin,
    findings,
    only_verdict,
)
from tests.reconciliation.twin import Twin, net

pytestmark = pytest.mark.django_db

#: A ledger tells of what has ended.
ENTRIES = ALL_OURS.map(
    lambda ours: [replace(one, state=State.FAILED if one.state is State.FAILED else State.COMPLETED) for one in ours]
)


@pytest.fixture
def book(db: None) -> LedgerSource:
    return rows.ledger()


def of(book: LedgerSource, client: str | None = None) -> Comparison:
    known = rows.client(client) if client else None
    return Comparison(window=WINDOW, client=known, read_to=READ, started_at=STARTED, ledger=book)


def run_of(
    book: LedgerSource, ours: Sequence[Ours], theirs: Sequence[Theirs], *, absent: Sequence[str] = (), run_id: int = 1
) -> list[Finding]:
    for one in ours:
        rows.entry(one, book)
    for order in theirs:
        rows.order(order)
    return findings(of(book), absent=absent, run_id=run_id)


VERDICTS = [
    ({}, {}, Verdict.MATCHED),
    ({"state": State.FAILED}, {"status": "failed"}, Verdict.MATCHED),
    ({}, {"amount": Decimal("499.50")}, Verdict.AMOUNT_DIFFERS),
    ({}, {"asset": "AED"}, Verdict.ASSET_DIFFERS),
    ({}, {"client": "user_2"}, Verdict.CLIENT_DIFFERS),
    ({}, {"type": "withdrawal"}, Verdict.TYPE_DIFFERS),
    ({"state": State.FAILED}, {}, Verdict.STATUS_DIFFERS),
]


@pytest.mark.parametrize(("here", "there", "verdict"), VERDICTS)
def test_an_entry_is_judged_as_an_operation_is(
    book: LedgerSource, here: dict[str, object], there: dict[str, object], verdict: str
) -> None:
    ours, theirs = Ours(reference="L-1", **here), Theirs(reference="L-1", **there)  # type: ignore[arg-type]
    assert only_verdict(run_of(book, [ours], [theirs])) == verdict


def test_the_finding_names_the_entry_and_no_operation(book: LedgerSource) -> None:
    rows.operation(Ours(reference="L-1"))
    (finding,) = run_of(book, [Ours(reference="L-1")], [Theirs(reference="L-1")])
    assert finding.entry is not None
    assert (finding.entry.reference, finding.operation, finding.has_ours) == ("L-1", None, True)


def test_an_order_of_this_product_is_extra_to_a_ledger_that_does_not_know_it(book: LedgerSource) -> None:
    rows.operation(Ours(reference="dep-1"))
    assert only_verdict(run_of(book, [], [Theirs(reference="dep-1")])) == Verdict.EXTRA_AT_PARTNER


@pytest.mark.parametrize(("absent", "verdict"), [(["L-1"], Verdict.MISSING_AT_PARTNER), ([], Verdict.MIRROR_BEHIND)])
def test_an_entry_is_missing_only_once_the_partner_said_so(book: LedgerSource, absent: list[str], verdict: str) -> None:
    assert only_verdict(run_of(book, [Ours(reference="L-1")], [], absent=absent)) == verdict


def test_an_entry_whose_order_lies_on_another_day_is_followed_there(book: LedgerSource) -> None:
    late = Ours(reference="L-1", at=DAY - timedelta(hours=1))
    assert only_verdict(run_of(book, [late], [Theirs(reference="L-1")])) == Verdict.MATCHED


def test_a_file_that_was_withdrawn_counts_no_more(book: LedgerSource) -> None:
    rows.entry(Ours(reference="L-1"), book)
    LedgerFile.objects.update(
        state="withdrawn", withdrawn_by=book.made_by, withdrawn_at=NOON, withdrawn_because="Wrong month"
    )
    assert findings(of(book)) == []


def test_another_ledger_s_entries_are_not_ours(book: LedgerSource) -> None:
    rows.entry(Ours(reference="L-1"), rows.ledger("Other book"))
    assert only_verdict(run_of(book, [], [Theirs(reference="L-1")])) == Verdict.EXTRA_AT_PARTNER


@PROPERTY
@given(ours=ENTRIES, theirs=ALL_THEIRS, absent=ABSENT, client=st.sampled_from([None, "user_1"]))
def test_the_pass_over_a_ledger_says_what_its_slow_twin_says(
    ours: list[Ours], theirs: list[Theirs], absent: frozenset[str], client: str | None
) -> None:
    twin = Twin(
        window=WINDOW, read_to=READ, settled_before=SETTLED_BEFORE, absent=absent, client=client, of_ledger=True
    )
    with transaction.atomic():
        book = rows.ledger()
        run_of(book, ours, theirs, absent=sorted(absent))
        found = findings(of(book, client), absent=sorted(absent), run_id=2)
        expected = twin.compare(ours, theirs)
        told = {(one.verdict, one.reference, one.entry is not None, one.order_id) for one in found}
        assert told == {
            (pair.verdict, pair.reference, pair.ours is not None, pair.theirs.id if pair.theirs else None)
            for pair in expected
        }
        assert len(found) == essence_of_twin(expected).total()
        assert {one.asset: (one.ours_net, one.theirs_net) for one in sums_of(2).totals} == net(expected)
        transaction.set_rollback(True)


@PROPERTY
@given(ours=ENTRIES, theirs=ALL_THEIRS, luck=st.randoms())
def test_neither_the_order_of_arrival_nor_a_second_run_changes_anything(
    ours: list[Ours], theirs: list[Theirs], luck: Random
) -> None:
    with transaction.atomic():
        book = rows.ledger()
        run_of(book, ours, theirs)
        first = digest_of(1)
        findings(of(book), run_id=2)
        assert digest_of(2) == first
        transaction.set_rollback(True)
    luck.shuffle(ours)
    luck.shuffle(theirs)
    with transaction.atomic():
        run_of(rows.ledger(), ours, theirs, run_id=3)
        assert digest_of(3) == first
        transaction.set_rollback(True)


def test_a_comparison_says_its_source(book: LedgerSource) -> None:
    assert (of(book).source, replace(of(book), ledger=None).source) == (Source.LEDGER, Source.OPERATIONS)
