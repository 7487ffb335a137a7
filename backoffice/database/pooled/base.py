"""Django's PostgreSQL, whose pool hands out no connection that died while nobody used it.

A restarted database, or one that failed over, leaves as many dead connections as were idle. Each would be an error
page, or one of the three tries at writing an answer down. Django's `CONN_HEALTH_CHECKS` has the pool look at each in
turn and wait longer after every dead one: from the fifth on whoever asks gets an error after all, seven seconds later.
"""

from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection is asked before it is used, one round trip; where it is dead, all that are idle are asked."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.pool is None or self._is_alive(connection):
            return connection
        self.pool.putconn(connection)
        self.pool.check()
        return super().get_new_connection(conn_params)

    def _is_alive(self, connection: Any) -> bool:
        try:
            self.pool.check_connection(connection)
        except psycopg.Error:
            return False
        return True
