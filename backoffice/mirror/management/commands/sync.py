"""`manage.py sync [clients assets orders transactions]`: read the partners' lists into our mirrors now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.registry import Sync, registered
from backoffice.mirror.runs import AlreadyRunning


class Command(BaseCommand):
    """Read each named mirror once; all of them when none is named."""

    help = "Read the partners' lists into our mirrors now. Ends with 1 when one of them could not be read in full."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("mirrors", nargs="*", metavar="MIRROR", help=" ".join(Mirror.values))

    def handle(self, *_args: Any, **options: Any) -> None:
        chosen = _chosen(options["mirrors"])
        complete = [self.read(mirror, sync) for mirror, sync in chosen.items()]
        if not all(complete):
            raise CommandError("Not every mirror could be read in full.")

    def read(self, mirror: Mirror, sync: Sync) -> bool:
        """Read one mirror, say how it went, and return whether it is complete."""
        try:
            run = sync()
        except AlreadyRunning as error:
            self.stdout.write(f"{mirror.value}: {error}")
            return True
        self.stdout.write(f"{mirror.value}: {run.sentence}")
        return run.state == SyncRun.State.COMPLETE


def _chosen(names: list[str]) -> dict[Mirror, Sync]:
    """Return the mirrors named, in the order they are to be read.

    :raises CommandError: for a name that is no mirror.
    """
    known = registered()
    unknown = sorted(set(names) - {mirror.value for mirror in known})
    if unknown:
        raise CommandError(f"There is no mirror {', '.join(unknown)}. There are {', '.join(known)}.")
    return {mirror: sync for mirror, sync in known.items() if not names or mirror.value in names}
