"""``manage.py export NAME --filter k=v --to FILE``: the file a list's button gives, from the command line."""

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
from backoffice.exports.models import Format
from backoffice.exports.services import write_file
from backoffice.exports.tally import Tally
from backoffice.exports.wishes import Wish
from backoffice.exports.workbooks import DoesNotFit
from backoffice.ui.columns import FULL
from backoffice.ui.listing import BadListRequest


class Command(BaseCommand):
    help = "Write a list as a file, as its export button does. Days are days of the company's zone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"one of: {', '.join(registry.names())}")
        parser.add_argument("--filter", action="append", default=[], type=pair, metavar="NAME=VALUE")
        parser.add_argument("--preset", default=FULL, help="the choice of columns; all of them unless told otherwise")
        parser.add_argument("--format", default=str(Format.CSV), choices=Format.values)
        parser.add_argument("--to", required=True, type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        params = QueryDict(mutable=True)
        for name, value in options["filter"]:
            params.appendlist(name, value)
        try:
            tally = self.write(self.wish(params, options), options["to"])
        except (registry.UnknownExport, BadListRequest, DoesNotFit, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['to']}: {tally.rows} rows, SHA-256 {tally.sha256}.")

    def wish(self, params: QueryDict, options: dict[str, Any]) -> Wish:
        export, by = registry.find(options["name"]), System("Command line")
        return Wish(export, params, by, options["preset"], Format(options["format"]))

    def write(self, wish: Wish, path: Path) -> Tally:
        """Write the file, or leave none behind. An existing file is never overwritten."""
        with path.open("xb") as file:
            try:
                with timezone.override(ZoneInfo(settings.COMPANY_TIME_ZONE)):
                    return write_file(wish, to=file)
            except BaseException:
                path.unlink()
                raise


def pair(text: str) -> tuple[str, str]:
    """Read ``name=value``."""
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise ArgumentTypeError(f"{text!r} is no filter: write NAME=VALUE.")
    return name, value
