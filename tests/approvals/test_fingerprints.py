"""The digest that stored decisions and proofs are bound to: its form may never change."""

from decimal import Decimal

import pytest

from backoffice.approvals.fingerprints import fingerprint


def test_its_form_is_the_one_that_stored_decisions_are_bound_to() -> None:
    content = {"version": 1, "amount": "1000.00", "client": "نورة", "asked_by": None, "evidence": ["b", "a"]}
    assert fingerprint(content) == "ce6c99940e210aad7b26815a6ccf1a230b64bc1b3f9f1f222b2b3bd0066db985"


def test_the_order_in_which_content_is_said_changes_nothing() -> None:
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})


def test_any_other_digit_is_another_fingerprint() -> None:
    assert fingerprint({"amount": "1000.00"}) != fingerprint({"amount": "1000.0"})


def test_it_refuses_an_amount_that_is_not_written_out() -> None:
    with pytest.raises(TypeError):
        fingerprint({"amount": Decimal("1000.00")})
