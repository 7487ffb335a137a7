"""A PostgreSQL server that is backed up as docs/operations.md says, lost with its disk, and put back."""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from tests.faults.processes.own_server import OwnServer

#: At most so much is lost, while anything is written at all; reliability.md §13 asks for five minutes.
SWITCHES_AFTER_SECONDS: Final = 60

_SINCE: Final = "SELECT extract(epoch FROM clock_timestamp() - last_archived_time) FROM pg_stat_archiver"


class ArchivedServer(OwnServer):
    """Archives each piece of its log as soon as it is full or a minute old, beside its directory and not in it."""

    def __init__(self, place: Path) -> None:
        self._place = place
        super().__init__(place / "data")
        self._archive = self._folder("archive")
        for setting in (
            "archive_mode = 'on'",
            f"archive_command = 'cp %p {self._archive}/%f.part && mv {self._archive}/%f.part {self._archive}/%f'",
            f"archive_timeout = {SWITCHES_AFTER_SECONDS}",
        ):
            self.set(setting)
        self.embedded.stop()
        self.start()

    def back_up(self) -> Path:
        """Copy the whole server while it works, and return where to."""
        backup = self._folder("backup")
        server = self.embedded.server
        program = [str(server.bin_path / "pg_basebackup"), "--checkpoint=fast", "--pgdata", str(backup)]
        where = ["--host", self.host, "--username", "postgres"]
        subprocess.run([*program, *where], user=server.system_user, check=True, capture_output=True)
        return backup

    def unarchived_seconds(self) -> float:
        """Return how long ago the last piece of the log was archived: what a loss would take at this moment."""
        with self.embedded.administer() as connection:
            found = connection.execute(_SINCE).fetchone()
        assert found is not None
        return float(found[0])

    def lose(self) -> None:
        """End it at once, and its disk with it: what was not archived is gone."""
        self.kill()
        shutil.rmtree(self._directory)

    def put_back(self, backup: Path) -> None:
        """Put the copy back, and wait until it has read everything that was archived since."""
        subprocess.run(["cp", "-a", backup, self._directory], check=True)
        with (self._directory / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"restore_command = 'cp {self._archive}/%f %p'\n")
        (self._directory / "recovery.signal").touch()
        self.start()
        with self.embedded.administer() as connection:
            while connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
                time.sleep(0.1)

    def _folder(self, name: str) -> Path:
        """Make a folder that the server's own user may write to."""
        folder = self._place / name
        folder.mkdir(mode=0o700)
        if user := self.embedded.server.system_user:
            shutil.chown(folder, user, user)
        return folder
