"""``manage.py verify_audit``: is the audit log what was written? Sentences, and exit code 1 when it is not, 2 when that
could not be found out."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction

from backoffice.accounts.actors import System
from backoffice.audit.verifying.checking import Verification, verify
from backoffice.audit.verifying.writing import write_down


class Command(BaseCommand):
    help = "Check the audit log: every entry, every link, every seal in both places, and what guards it."

    def handle(self, *args: Any, **options: Any) -> None:
        found = self.verified()
        try:
            with transaction.atomic():
                write_down(found, by=System("Command line"))
        except DatabaseError as error:
            self.stderr.write(f"That the log was verified could not be written down: {error}")
        if not found.is_intact:
            raise CommandError("\n".join(filter(None, [*(fault.sentence for fault in found.faults), found.aside])))
        self.stdout.write(f"{found.sentence} Checked in {found.seconds:.1f} s.")

    def verified(self) -> Verification:
        try:
            return verify()
        except DatabaseError as error:
            raise CommandError(f"The audit log could not be verified, try again: {error}", returncode=2) from error
