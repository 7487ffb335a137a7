"""Every row explains itself: the ordered tests, the first that fails being the verdict, and one sentence."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backoffice.accounts.actors import System
from backoffice.funding.states import State
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.reconciliation.comparing import explanation
from backoffice.reconciliation.comparing.explanation import sentence_of
from backoffice.reconciliation.models import EXCEPTIONS, PENDING, Finding, Run, Verdict
from backoffice.reconciliation.queries import SHOWN_IN_ORDER
from backoffice.reconciliation.services.running import reconcile
from backoffice.ui.values import CheckResult
from tests.partners import Partners
from tests.reconciliation import rows
from tests.reconciliation.rows import DAY, NOON, READ, Ours, Theirs

pytestmark = pytest.mark.django_db


def explained(ours: Ours | None, *theirs: Theirs) -> tuple[Finding, Run]:
    """Reconcile one pair and return its first finding with the run."""
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=READ, finished_at=READ, read_to=READ
    )
    if ours:
        rows.operation(ours)
    for order in theirs:
        rows.order(order)
    run = reconcile(window_from=DAY, window_to=DAY + timedelta(days=1), by=System("test"))
    return run.findings.order_by("id")[0], run


SENTENCES = [
    ({}, {}, "Both sides agree: 500.00 USD, completed."),
    ({"state": State.FAILED}, {"status": "rejected"}, "Failed on both sides: nothing moved."),
    (
        {"state": State.FAILED},
        None,
        "Failed with us, and CoinMENA holds no order: nothing moved on either side.",
    ),
    (
        {},
        {"amount": Decimal("499.50")},
        "Would match if the amount were 500.00 USD. CoinMENA says 499.50.",
    ),
    ({}, {"amount": None}, "Would match if the amount were 500.00 USD. CoinMENA says no amount."),
    (
        {},
        {"opposite": Decimal("1.00")},
        "Would match if the other side of CoinMENA's books were empty. It holds 1.00.",
    ),
    ({}, {"asset": "AED"}, "Would match if the asset were USD. CoinMENA says AED."),
    ({}, {"client": "user_2"}, "Would match if the client were user_1. CoinMENA says user_2."),
    ({}, {"type": "withdrawal"}, "Would match if it were a deposit. CoinMENA says withdrawal."),
    (
        {},
        {"status": "failed"},
        "Would match if the status were the same. With us it is completed, CoinMENA says failed.",
    ),
    (
        {"state": State.CANCELLED},
        {},
        "We never sent this: with us it is cancelled. CoinMENA has an order under it that is completed.",
    ),
    (
        None,
        {"reference": "x-1"},
        "Would match if an operation of ours carried this reference. None does: it was made elsewhere.",
    ),
    (
        None,
        {"reference": None},
        "It carries no reference, so nothing of ours can be its pair: it was made elsewhere.",
    ),
    (
        {"state": State.UNKNOWN},
        None,
        "Not decided yet: with us it is in doubt. It is looked up until the outcome is proven.",
    ),
    ({"state": State.APPROVED}, None, "Approved and not sent yet, so CoinMENA has nothing to show."),
]


@pytest.mark.parametrize(("here", "there", "sentence"), SENTENCES)
def test_it_says_in_one_sentence_why(
    here: dict[str, object] | None, there: dict[str, object] | None, sentence: str
) -> None:
    ours = None if here is None else Ours(reference="dep-1", **here)  # type: ignore[arg-type]
    theirs = [] if there is None else [Theirs(**{"reference": "dep-1", **there})]  # type: ignore[arg-type]
    finding, run = explained(ours, *theirs)
    assert sentence_of(finding, run) == sentence


def test_it_says_when_coinmena_was_asked_for_what_is_missing(partners: Partners) -> None:
    finding, run = explained(Ours(reference="dep-1"))
    assert finding.verdict == Verdict.MISSING_AT_PARTNER
    assert sentence_of(finding, run).startswith("Completed with us. Asked on ")


def test_it_counts_the_orders_under_one_reference() -> None:
    finding, run = explained(Ours(reference="dep-1"), Theirs(reference="dep-1"), Theirs(reference="dep-1"))
    assert sentence_of(finding, run).startswith("CoinMENA holds 2 orders under this reference.")


def test_it_says_how_far_coinmena_was_read(partners: Partners) -> None:
    with partners.down():
        finding, run = explained(Ours(reference="dep-1"))
    assert sentence_of(finding, run).startswith("CoinMENA's orders are read up to 20 Nov")


@pytest.mark.parametrize(
    ("there", "failed"),
    [
        ({}, []),
        ({"type": "withdrawal"}, ["Type"]),
        ({"asset": "AED"}, ["Asset"]),
        ({"client": "user_2"}, ["Client"]),
        ({"amount": Decimal("1")}, ["Amount, debit because it is a deposit"]),
        ({"status": "rejected"}, ["Status agrees"]),
        (
            {"client": "user_2", "amount": Decimal("1"), "status": "failed"},
            ["Client", "Amount, debit because it is a deposit", "Status agrees"],
        ),
    ],
)
def test_the_tests_that_fail_are_named_in_the_order_they_decide(there: dict[str, object], failed: list[str]) -> None:
    finding, run = explained(Ours(reference="dep-1"), Theirs(reference="dep-1", **there))  # type: ignore[arg-type]
    assert [str(test.name) for test in explanation.tests_of(finding, run) if test.is_failed] == failed


def test_expected_is_ours_and_actual_is_theirs() -> None:
    finding, run = explained(Ours(reference="dep-1"), Theirs(reference="dep-1", amount=Decimal("499.50")))
    amount = next(test for test in explanation.tests_of(finding, run) if test.is_failed)
    assert (amount.expected, amount.actual) == ("500.00", "499.50")


def test_what_has_no_counterpart_is_not_compared() -> None:
    finding, run = explained(None, Theirs(reference="x-1"))
    results = {str(test.name): test.result for test in explanation.tests_of(finding, run)}
    assert results["Reference found on both sides"] == CheckResult.FAILED
    assert results["Type"] == results["Client"] == results["Status agrees"] == CheckResult.WAITING


def test_times_far_apart_are_pointed_out_and_decide_nothing() -> None:
    finding, run = explained(Ours(reference="dep-1"), Theirs(reference="dep-1", at=NOON - timedelta(days=9)))
    by_name = {str(test.name): test.result for test in explanation.tests_of(finding, run)}
    assert (finding.verdict, by_name["Times less than a day apart"]) == (Verdict.MATCHED, CheckResult.WARNING)


def test_every_verdict_has_its_place_among_what_to_look_at() -> None:
    assert set(SHOWN_IN_ORDER) == set(Verdict) == {*EXCEPTIONS, *PENDING, Verdict.MATCHED}
