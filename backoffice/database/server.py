"""Which server of PostgreSQL this is, and which of its histories.

Every promotion of a standby and every recovery to a moment begins a new timeline; a dump that is loaded, or a cluster
that `pg_upgrade` made, has another system identifier. A server that was merely restarted keeps both, and so does one
whose files were put back from a snapshot: that a restore has to be told.
"""

from typing import Final

from django.db import connection
from django.db.models import CharField
from django.db.models.expressions import RawSQL

#: The timeline is that of the log being written: the control file names the former one until its next checkpoint. A
#: server in recovery writes none, so that nothing equals this there.
_HERE: Final = """
    SELECT CASE WHEN NOT pg_is_in_recovery()
        THEN system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END
    FROM pg_control_system()
"""
#: What the application's login has to be allowed to call for that, as PostgreSQL writes it.
NEEDED: Final = (
    "pg_control_system()",
    "pg_current_wal_lsn()",
    "pg_is_in_recovery()",
    "pg_walfile_name(pg_lsn)",
)
#: This server and its timeline, for a query.
HERE: Final = RawSQL(_HERE, (), output_field=CharField())  # noqa: S611 - a constant


def here() -> str:
    """Return this server's system identifier and timeline; empty while it recovers and nothing can be written."""
    with connection.cursor() as cursor:
        cursor.execute(_HERE)
        return cursor.fetchone()[0] or ""
