"""``manage.py worker``: one worker; run as many as wanted, on any number of machines."""

import os
import socket

from django.core.management.base import BaseCommand, CommandParser
from procrastinate.contrib.django import app

from backoffice.database.checks import refuse_to_start_unarmed

CONCURRENT_JOBS = 4
SECONDS_TO_FINISH = 50  # a send has a total deadline of 25 s; whoever is stopped lets it end


class Command(BaseCommand):
    help = "Send what is approved, look up what is in doubt and keep the mirrors fresh, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}", help="shown in the log")

    def handle(self, *, name: str, **_options: object) -> None:
        refuse_to_start_unarmed()
        connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
        with app.replace_connector(connector):
            self.stdout.write(f"Worker {name} is working. Ctrl-C ends it after the jobs at hand.")
            app.run_worker(name=name, concurrency=CONCURRENT_JOBS, shutdown_graceful_timeout=SECONDS_TO_FINISH)
