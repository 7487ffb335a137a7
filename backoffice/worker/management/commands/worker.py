"""``manage.py worker``: one worker; run as many as wanted, on any number of machines."""

import asyncio
import os
import socket

from django.core.management.base import BaseCommand, CommandParser

from backoffice.worker.running import work


class Command(BaseCommand):
    help = "Send what is approved, look up what is in doubt and keep the mirrors fresh, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}", help="shown in the log")

    def handle(self, *, name: str, **_options: object) -> None:
        self.stdout.write(f"Worker {name} is working. Ctrl-C ends it after the jobs at hand.")
        asyncio.run(work(name))
