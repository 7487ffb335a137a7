"""What the oracle itself could get wrong: a bound that is too early hides a loss, one too late reports what is none."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.oracle import is_absent, shows_it_completed, was_asked_for_an_hour

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def attempt(
    number: int = 1,
    *,
    planned: float = 10,
    signed: float | None = None,
    evidence: str = "unknown",
    environment: str = "one",
) -> dict[str, Any]:
    """One outcome of an attempt, in seconds after noon."""
    signed_at = None if signed is None else NOON + timedelta(seconds=signed)
    return {
        "number": number,
        "planned_at": NOON + timedelta(seconds=planned),
        "signed_at": signed_at,
        "evidence": evidence,
        "environment": environment,
    }


def not_found(seconds: float) -> dict[str, Any]:
    moment = NOON + timedelta(seconds=seconds)
    return {
        "http_status": 404,
        "environment": "one",
        "partner_date": moment,
        "recorded_at": moment,
        "raw": b'{"code": 404, "msg": "order not found"}',
    }


@pytest.mark.parametrize(
    ("attempts", "begins"),
    [
        ([attempt()], 310),
        ([attempt(signed=-1)], 299),
        ([attempt(), attempt(signed=-1)], 299),
        ([attempt(signed=-1), attempt()], 299),
        ([attempt(signed=-1), attempt(2, planned=50)], 350),
        ([attempt(signed=20), attempt(2, planned=15, signed=6)], 320),
    ],
    ids=["lost", "answered", "lost, then answered", "answered, then lost", "one lost after it", "the youngest counts"],
)
def test_a_not_found_counts_once_the_youngest_signature_of_every_attempt_is_old_enough(
    attempts: list[dict[str, Any]], begins: float
) -> None:
    assert is_absent(attempts, [not_found(begins + 1), not_found(begins + 62)])
    assert not is_absent(attempts, [not_found(begins - 1), not_found(begins + 62)])


def test_two_not_found_too_close_together_are_one() -> None:
    assert not is_absent([attempt()], [not_found(311), not_found(370)])


@pytest.mark.parametrize(("evidence", "proves"), [("never_sent", True), ("not_applied", True), ("unknown", False)])
def test_only_an_attempt_that_is_open_elsewhere_spoils_the_proof_here(evidence: str, proves: bool) -> None:
    elsewhere = attempt(environment="another", evidence=evidence)

    assert is_absent([elsewhere, attempt(2, planned=50)], [not_found(351), not_found(412)]) is proves


@pytest.mark.parametrize(
    ("written", "is_over"),
    [
        (("claim", "10 answers from 0"), False),
        (("claim", "12 answers from 0"), True),
        (("claim", "12 answers from 0", "claim", "1 answers from 3700"), False),
        (("claim", "1 answers from 0", "1 answers from 7200"), False),
        (("claim", "5 answers from 0", "5 answers from 21600"), False),
        (("claim", "7 answers from 3600", "5 answers from 0"), False),
        (("claim", "7 answers from 3600", "7 answers from 0"), True),
        (("claim", "1 answers from -3500", "6 answers from 100"), False),
        (("claim", "1 answers from -3500", "11 answers from 100"), True),
    ],
    ids=[
        "too early",
        "an hour",
        "sent again since",
        "nobody asked meanwhile",
        "a clock that jumped ahead",
        "and back, too early",
        "and back",
        "was behind at first, too early",
        "was behind at first",
    ],
)
def test_review_is_right_after_an_hour_of_asking_since_the_last_claim_whatever_the_clock_said(
    written: tuple[str, ...], is_over: bool
) -> None:
    """Answers come every five minutes."""
    attempts, answers = list[dict[str, Any]](), list[dict[str, Any]]()
    for place, line in enumerate(written):
        if line == "claim":
            attempts.append({"number": len(attempts) + 1, "written": place})
        else:
            count, *_, since = line.split()
            answers += [{**not_found(int(since) + 300 * n), "written": place} for n in range(int(count))]

    assert was_asked_for_an_hour(attempts, answers) is is_over


OPERATION: dict[str, Any] = {
    "reference": "dep-2026-00000001",
    "kind": "deposit",
    "partner_client_id": "user_12345",
    "asset_id": "USD",
    "amount_text": "100.000000000000000000",
}
ORDER: dict[str, Any] = {
    "partner_order_ref": "dep-2026-00000001",
    "partner_client_id": "user_12345",
    "type": "deposit",
    "status": "completed",
    "debit": "1E+2",
    "debit_asset_id": "USD",
}


@pytest.mark.parametrize(
    ("other", "is_it"),
    [
        ({}, True),
        ({"status": "pending"}, False),
        ({"partner_order_ref": None}, False),
        ({"partner_client_id": "somebody-else"}, False),
        ({"type": "withdrawal"}, False),
        ({"debit": "100.00000001"}, False),
        ({"debit": "NaN"}, False),
        ({"debit": "about a hundred"}, False),
        ({"debit_asset_id": "AED"}, False),
        ({"credit": "100", "credit_asset_id": "USD"}, False),
    ],
    ids=str,
)
def test_an_answer_gives_no_reason_for_review_only_if_it_shows_what_was_meant(
    other: dict[str, Any], is_it: bool
) -> None:
    assert shows_it_completed(json.dumps({"result": {**ORDER, **other}}).encode(), OPERATION) is is_it


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b'{"result": null}', b'{"result": {}}', b"\xff"])
def test_an_answer_that_shows_nothing_shows_nothing_completed(raw: bytes) -> None:
    assert not shows_it_completed(raw, OPERATION)
