"""A PostgreSQL server of a test's own, with ``fsync`` as in earnest, fit to be killed. Never the one tests share."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg

from backoffice.database import embedded
from tests import database

ENDS_WITHIN_SECONDS = 90
STARTS_WITHIN_SECONDS = 180


class OwnServer:
    """Started in a directory of its own; `kill` it and `start` it again as often as wanted."""

    def __init__(self, directory: Path) -> None:
        assert directory != database.DATA
        self._directory = directory
        self.start()

    @property
    def host(self) -> str:
        return str(self.embedded.server.get_postmaster_info().socket_dir)

    def kill(self) -> None:
        """Stop it as ``pg_ctl stop -m immediate`` does: nothing is written to an end, every connection breaks."""
        pid = self.embedded.server.get_pid()
        assert pid is not None
        postmaster = psutil.Process(pid)
        os.kill(pid, signal.SIGQUIT)
        postmaster.wait(ENDS_WITHIN_SECONDS)

    def start(self) -> None:
        """Start it again; it recovers what was committed, which on a busy machine outlasts the library's patience."""
        patience = time.monotonic() + STARTS_WITHIN_SECONDS
        while True:
            try:
                self.embedded = embedded.start(self._directory)
                return
            # The library asserts that a server that is there already is ready.
            except (subprocess.SubprocessError, OSError, psycopg.OperationalError, AssertionError):
                if time.monotonic() > patience:
                    raise
                time.sleep(0.2)

    def set(self, setting: str) -> None:
        """Change a setting of the whole server, at once."""
        with self.embedded.administer() as connection:
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.1)


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """Start a server, migrate a template on it, and stop it after the block."""
    with TemporaryDirectory(prefix="own-postgres-") as name:
        server = OwnServer(Path(name) / "data")
        try:
            database.migrate_template(server.embedded, database.template_name())
            yield server
        finally:
            server.start()
            server.embedded.stop()
