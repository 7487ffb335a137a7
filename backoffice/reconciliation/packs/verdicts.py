"""What runs found: the verdict with both sides and one sentence, and every test in its order."""

from collections.abc import Callable, Iterable, Iterator

from backoffice.reconciliation.comparing.explanation import sentence_of, tests_of
from backoffice.reconciliation.exceptions.telling import told_of
from backoffice.reconciliation.models import ExceptionItem, Finding
from backoffice.reconciliation.packs.parts import Row, Table

HEADINGS = (
    *("run", "run_at", "finding", "verdict", "reference", "order", "our_client", "our_type", "our_asset"),
    *("our_amount", "our_state", "our_at", "their_client", "their_type", "their_asset", "their_amount"),
    *("their_opposite_amount", "their_status", "their_at", "orders_under_reference", "sentence"),
)
TEST_HEADINGS = ("run", "about", "place", "test", "expected", "actual", "result")
TOLD_HEADINGS = ("exception", "place", "test", "expected", "actual", "result", "sentence")

Findings = Callable[[], Iterable[Finding]]


def tables_of(findings: Findings) -> list[Table]:
    """The findings, and the tests each was judged by."""
    return [
        Table("verdicts", "Verdicts", HEADINGS, lambda: map(finding_row, findings())),
        Table("tests", "Tests", TEST_HEADINGS, lambda: test_rows(findings())),
    ]


def finding_row(one: Finding) -> Row:
    ours = (one.our_client, one.our_type, one.our_asset, one.our_amount, one.our_state, one.our_at)
    theirs = (one.their_client, one.their_type, one.their_asset, one.their_amount, one.their_opposite_amount)
    rest = (one.their_status, one.their_at, one.same_reference_count, sentence_of(one, one.run))
    return (
        *(one.run_id, one.run.finished_at, one.pk, one.verdict, one.reference, one.order_id),
        *(*ours, *theirs, *rest),
    )


def test_rows(findings: Iterable[Finding]) -> Iterator[Row]:
    for one in findings:
        about = one.reference or f"order {one.order_id}"
        for place, test in enumerate(tests_of(one, one.run), 1):
            yield (one.run_id, about, place, test.name, test.expected, test.actual, test.result.value)


def told_table(items: Callable[[], Iterable[ExceptionItem]]) -> Table:
    """Why exceptions of other sources are such: balances and transactions have findings of their own kind."""
    return Table("other-tests", "Tests of balances and transactions", TOLD_HEADINGS, lambda: told_rows(items()))


def told_rows(items: Iterable[ExceptionItem]) -> Iterator[Row]:
    for item in items:
        told = told_of(item)
        if told.sentence and not told.tests:
            yield (item.pk, 0, "", "", "", "", told.sentence)
        for place, test in enumerate(told.tests, 1):
            yield (item.pk, place, test.name, test.expected, test.actual, test.result.value, told.sentence)
