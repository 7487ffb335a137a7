"""``manage.py audit_bundle FILE``: the log, its seals and the verifier as one zip, to be checked elsewhere."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from backoffice.accounts.actors import System
from backoffice.exports.bundles.services import write_bundle


class Command(BaseCommand):
    help = "Write the whole audit log to a zip that verify_backoffice.py checks without this product."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("xb") as file:
                write_bundle(by=System("Command line"), to=file)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be written: {error.strerror}.") from error
        except DatabaseError as error:
            self.stderr.write(f"That the log was taken away could not be written down: {error}")
        self.stdout.write(f"Written. Check it with: python3 verify_backoffice.py {options['file']}")
