"""A log with three seals, in both places."""

from pathlib import Path

from backoffice.audit.models import Seal
from backoffice.audit.sealing.services import seal_now
from tests.audit.chain import damage, write


def sealed() -> Seal:
    """Seal now; somebody did."""
    seal = seal_now()
    assert seal is not None
    return seal


def three_seals() -> list[Seal]:
    """Two entries before each of three seals."""
    seals = []
    for _ in range(3):
        write(2)
        seals.append(sealed())
    return seals


def file_of(place: Path, number: int) -> Path:
    """The file of a seal, whatever else its name says."""
    (path,) = place.glob(f"seal-{number:09}*.json")
    return path


def restore_to(seal: Seal) -> None:
    """Go back to when ``seal`` was the newest: what the restore of an older backup does."""
    damage(
        f"DELETE FROM audit_sealcopy WHERE seal_id > {seal.number}",  # noqa: S608
        f"DELETE FROM audit_seal WHERE number > {seal.number}",  # noqa: S608
        f"DELETE FROM audit_entry WHERE number > {seal.entry}",  # noqa: S608
        f"UPDATE audit_head SET number = {seal.entry}, hash = '{seal.head_hash}'",  # noqa: S608
    )
