"""A slice of the campaign: whatever somebody does to the log is found by the product and by the offline verifier."""

from pathlib import Path

from tests.audit.tampering.campaign import campaign
from tests.audit.tampering.tamperings import WAYS

RUNS = 200


def test_s29_whatever_was_tampered_with_is_found_and_named_in_the_same_words(
    committed: str, second_place: Path
) -> None:
    outcome = campaign(RUNS, second_place)
    assert outcome.missed == []
    assert set(outcome.runs) == set(WAYS)
