"""How the product took what was shot at it."""

from dataclasses import dataclass

from tests.security.hostile.shots import Shot


@dataclass(frozen=True)
class Hit:
    """One answer: its status, how long it took, how many bytes it was, and the error behind it where one is known."""

    shot: Shot
    status: int
    seconds: float
    size: int
    error: str = ""
