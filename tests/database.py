"""The tests' PostgreSQL: one embedded server, one migrated template, a clone of it per process or case.

Clones instead of flushing: append-only tables refuse TRUNCATE, as they should (libraries.md T5).
"""

import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from uuid import uuid4

import fasteners
import psycopg
from django.conf import settings
from django.db import connections

from backoffice.database import embedded

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("TEST_POSTGRES_DIRECTORY", ROOT / "var" / "test-postgres"))
USERS = fasteners.InterProcessReaderWriterLock(f"{DATA}.users")


def start_server() -> embedded.Embedded:
    """Start or join the server and make sure the template for today's migrations is there.

    Whoever uses it holds a shared lock for as long as the process lives, so that the last one can stop it.
    """
    DATA.parent.mkdir(parents=True, exist_ok=True)
    USERS.acquire_read_lock()
    with fasteners.InterProcessLock(str(DATA) + ".lock"):
        server = embedded.start(DATA)
        with server.administer() as connection:
            # Databases that live for a minute need not survive a crash, nor anybody to tidy up behind their backs.
            for setting in ("fsync", "full_page_writes", "autovacuum"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        if not embedded.database_exists(server, template_name()):
            migrate_template(server, template_name())
    return server


def stop_server_if_last() -> None:
    """Stop the server, unless another process still uses it: a test run leaves nothing running."""
    if (DATA / "postmaster.pid").exists() and USERS.acquire_write_lock(blocking=False):
        embedded.start(DATA).stop()


@cache
def template_name() -> str:
    """Name the template after everything that decides what migrating gives, as it was when the run began."""
    digest = hashlib.sha256()
    for path in sorted([*ROOT.glob("backoffice/**/migrations/*.py"), *ROOT.glob("backoffice/database/*.py")]):
        digest.update(path.read_bytes())
    return f"template_{digest.hexdigest()[:16]}"


def migrate_template(server: embedded.Embedded, name: str) -> None:
    unfinished = f"unfinished_{name}"
    embedded.drop_database(server, unfinished)
    embedded.create_database(server, unfinished)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TEST_DATABASE_URL": server.url(unfinished, embedded.APPLICATION),
        "TEST_DATABASE_OWNER_URL": server.url(unfinished, embedded.OWNER),
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    leave_plain_rules(server, unfinished)
    with server.administer() as connection:
        connection.execute(f"ALTER DATABASE {unfinished} RENAME TO {name}")


def leave_plain_rules(server: embedded.Embedded, name: str) -> None:
    """Keep only the starting rules that ask for one person whatever the amount; tests of amounts bring their own."""
    with psycopg.connect(server.server.get_uri(database=name)) as connection:
        connection.execute("ALTER TABLE approvals_rule DISABLE TRIGGER USER")
        connection.execute("DELETE FROM approvals_rule WHERE name NOT LIKE 'Every %'")
        triggers = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'approvals_rule'::regclass AND NOT tgisinternal"
        for (trigger,) in connection.execute(triggers).fetchall():
            connection.execute(f"ALTER TABLE approvals_rule ENABLE ALWAYS TRIGGER {trigger}")


def clone(server: embedded.Embedded) -> str:
    """Create a migrated, empty database and return its name."""
    name = f"test_{uuid4().hex[:12]}"
    embedded.create_database(server, name, template=template_name())
    return name


def connect_to(server: embedded.Embedded, name: str) -> None:
    """Point both of Django's connections at the database ``name``: the application's role and the owner's."""
    host = str(server.server.get_postmaster_info().socket_dir)
    for alias, role in (("default", embedded.APPLICATION), ("owner", embedded.OWNER)):
        connections[alias].close()
        for where in (settings.DATABASES[alias], connections[alias].settings_dict):
            where.update({"NAME": name, "USER": role, "HOST": host, "PASSWORD": "", "PORT": ""})
