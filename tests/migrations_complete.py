"""Gate: the models and their migrations say the same, and no migration is unsafe to run beside the old code."""

import sys

import django
from django.core.management import call_command

from backoffice.database import embedded
from tests import database


def main() -> int:
    django.setup()
    server = database.start_server()
    name = database.clone(server)
    try:
        database.connect_to(server, name)
        call_command("makemigrations", "--check", "--dry-run")
    finally:
        django.db.connections.close_all()
        embedded.drop_database(server, name)
        database.stop_server_if_last()
    return 0


if __name__ == "__main__":
    sys.exit(main())
