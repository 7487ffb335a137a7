"""Who acts: a person, or a part of the system that acts on nobody's behalf."""

from dataclasses import dataclass

from backoffice.accounts.models import Person


@dataclass(frozen=True)
class System:
    """A part of the product that acts by itself: a worker, the schedule, the command line."""

    name: str

    def __str__(self) -> str:
        return self.name


Actor = Person | System
