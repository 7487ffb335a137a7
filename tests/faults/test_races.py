"""Every race of eight, some rounds of it; ``python -m tests.faults.races`` runs as many as you like."""

from typing import Final

import pytest

from backoffice.audit.verifying.checking import verify
from tests.faults.races.arena import arena
from tests.faults.races.rounds import RACES
from tests.partners import Partners, partners, sandbox

__all__ = ["partners", "sandbox"]

ROUNDS: Final = 25


@pytest.mark.parametrize("name", RACES)
def test_a_race_of_eight_has_one_winner(committed: str, partners: Partners, name: str) -> None:
    with arena(partners) as place:
        for number in range(ROUNDS):
            RACES[name](place, number)

    assert verify().is_intact
