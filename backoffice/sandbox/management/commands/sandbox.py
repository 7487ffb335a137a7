import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from backoffice.sandbox.command import add_options, run


class Command(BaseCommand):
    help = "Serve both partners, simulated, on one loopback port until stopped."
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own attribute

    def add_arguments(self, parser: CommandParser) -> None:
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("port", "state", "seed", "history", "latency_ms")
        if code := run(**{name: options[name] for name in names}):
            sys.exit(code)
