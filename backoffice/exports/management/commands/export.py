"""``manage.py export NAME --filter k=v --to FILE``: the CSV a list's button gives, from the command line."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.exports import registry
from backoffice.exports.copying import Tally
from backoffice.exports.services import write_csv
from backoffice.ui.listing import BadListRequest


class Command(BaseCommand):
    help = "Write a list as CSV, as its export button does. Days are days of the company's zone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"one of: {', '.join(registry.names())}")
        parser.add_argument("--filter", action="append", default=[], type=pair, metavar="NAME=VALUE")
        parser.add_argument("--to", required=True, type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        params = QueryDict(mutable=True)
        for name, value in options["filter"]:
            params.appendlist(name, value)
        try:
            tally = self.write(registry.find(options["name"]), params, options["to"])
        except (registry.UnknownExport, BadListRequest, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['to']}: {tally.rows} rows, SHA-256 {tally.sha256}.")

    def write(self, export: registry.Export, params: QueryDict, path: Path) -> Tally:
        """Write the file, or leave none behind. An existing file is never overwritten."""
        with path.open("xb") as file:
            try:
                with timezone.override(ZoneInfo(settings.COMPANY_TIME_ZONE)):
                    return write_csv(export, params=params, by=System("Command line"), to=file)
            except BaseException:
                path.unlink()
                raise


def pair(text: str) -> tuple[str, str]:
    """Read ``name=value``."""
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise ArgumentTypeError(f"{text!r} is no filter: write NAME=VALUE.")
    return name, value
