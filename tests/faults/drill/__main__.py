"""``python -m tests.faults.drill``: lose a server with its disk, put its backup back, and count what became of money.

At the pace of earnest: it takes half an hour. One JSON line goes to ``var/campaign``; the exit code says whether
anything was wrong.
"""

import argparse
import base64
import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["AUDIT_SEAL_KEY"] = base64.b64encode(b"a key for the seals of the drill").decode()
warnings.simplefilter("ignore")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402

from tests import database  # noqa: E402
from tests.faults.drill.archived import ArchivedServer  # noqa: E402
from tests.faults.drill.story import Drill  # noqa: E402
from tests.faults.processes.world import world  # noqa: E402

WORKS_SECONDS: Final = 240.0
REPORTS: Final = database.ROOT / "var" / "campaign"


def drill(seed: int, seconds: float) -> Drill:
    """Run one drill on a server, a partner and a second place for seals of its own."""
    with TemporaryDirectory(prefix="drill-") as name:
        place = Path(name)
        seals = place / "seals"
        seals.mkdir()
        # What is forked inherits the environment; this process has read its own already.
        os.environ["AUDIT_SEAL_DIRECTORY"] = settings.AUDIT_SEAL_DIRECTORY = str(seals)
        with _server(place) as server, world(server.host, _database(server), seed, is_quick=False) as people:
            made = Drill(people, server, tell=_tell)
            made.run(seconds)
            return made


@contextmanager
def _server(place: Path) -> Iterator[ArchivedServer]:
    server = ArchivedServer(place)
    try:
        database.migrate_template(server.embedded, database.template_name())
        yield server
    finally:
        connections.close_all()
        server.embedded.stop()


def _database(server: ArchivedServer) -> str:
    name = database.clone(server.embedded)
    database.connect_to(server.embedded, name)
    return name


def _tell(sentence: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {sentence}\n")
    sys.stdout.flush()


def main() -> int:
    """Run what the command line says; 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=WORKS_SECONDS, help="how long people work before the loss")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    done = drill(options.seed, options.seconds)
    line = json.dumps({"seed": options.seed, "seconds": done.took, **done.counted, "wrong": done.wrong})
    REPORTS.mkdir(parents=True, exist_ok=True)
    with (REPORTS / "drills.jsonl").open("a") as written:
        written.write(line + "\n")
    _tell(line)
    return 1 if done.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
