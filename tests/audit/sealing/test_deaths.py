"""A process that dies in a seal leaves what the next seal completes: no gap, no seal twice, every copy there (C15)."""

from pathlib import Path

import pytest

from backoffice import failpoints
from backoffice.audit.models import Seal, SealCopy
from backoffice.audit.sealing.checking import seal_faults
from backoffice.audit.sealing.services import seal_now
from backoffice.failpoints import Failpoint
from tests.audit.chain import write
from tests.audit.sealing.sealed_log import sealed


class Died(BaseException):
    """What stands for the end of a process: nothing of ours catches it."""


def die_at(nth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die at the ``nth`` pass of C15, once."""
    passes = 0

    def reached(point: Failpoint) -> None:
        nonlocal passes
        passes += point is Failpoint.C15
        if point is Failpoint.C15 and passes == nth:
            raise Died

    monkeypatch.setattr(failpoints, "reached", reached)


@pytest.mark.usefixtures("committed", "second_place")
def test_a_seal_has_three_places_to_die_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the seal is committed, before its file is written, and before the file is noted."""
    passed = list[Failpoint]()
    monkeypatch.setattr(failpoints, "reached", passed.append)

    write()
    sealed()

    assert passed == [Failpoint.C15] * 3


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(("nth", "seals", "files"), [(1, 1, 1), (2, 2, 1), (3, 2, 2)])
def test_the_next_seal_completes_what_a_death_left(
    second_place: Path, monkeypatch: pytest.MonkeyPatch, nth: int, seals: int, files: int
) -> None:
    write(2)
    sealed()
    write(2)
    die_at(nth, monkeypatch)

    with pytest.raises(Died):
        seal_now()
    assert (Seal.objects.count(), len(list(second_place.iterdir())), SealCopy.objects.count()) == (seals, files, 1)
    assert list(seal_faults()) == [], "whoever checks meanwhile finds no fault"

    newest = sealed()

    assert (newest.number, newest.entry) == (seals + 1, 4)
    assert list(Seal.objects.order_by("number").values_list("number", flat=True)) == list(range(1, seals + 2))
    assert sum(Seal.objects.values_list("count", flat=True)) == 4, "each entry is sealed once"
    noted = set(SealCopy.objects.values_list("file", flat=True))
    assert noted == {file.name for file in second_place.iterdir()} and len(noted) == seals + 1
    assert list(seal_faults()) == []
