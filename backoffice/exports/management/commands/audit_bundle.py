"""``manage.py audit_bundle FILE``: the log, its seals and the verifier as one zip, to be checked elsewhere."""

from pathlib import Path
from typing import IO, Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from backoffice.accounts.actors import System
from backoffice.exports.bundles.services import NotWrittenDown, write_bundle


class Command(BaseCommand):
    help = "Write the whole audit log to a zip that verify_backoffice.py checks without this product."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.write(options["file"])
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be written: {error.strerror}.") from error
        except (Error, psycopg.Error) as error:
            raise CommandError(f"The log cannot be read, and nothing is written: {error}") from error
        self.stdout.write(f"Written. Check it with: python3 verify_backoffice.py {options['file']}")

    def write(self, path: Path) -> None:
        """Write the bundle, or leave none behind. An existing file is never overwritten."""
        with path.open("xb") as file:
            try:
                self.fill(file)
                file.flush()
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    def fill(self, file: IO[bytes]) -> None:
        """Write the bundle; a log too damaged to take the entry is the very one that has to be checked elsewhere."""
        try:
            write_bundle(by=System("Command line"), to=file)
        except NotWrittenDown as error:
            self.stderr.write(f"That the log was taken away could not be written down: {error}")
