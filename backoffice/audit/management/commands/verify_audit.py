"""``manage.py verify_audit``: is the audit log what was written? A sentence, and exit code 1 when it is not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.accounts.actors import System
from backoffice.audit.reading import verify_log


class Command(BaseCommand):
    help = "Check every entry and every link of the audit log."

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify_log(by=System("Command line"))
        if not found.is_intact:
            raise CommandError(found.sentence)
        self.stdout.write(f"{found.sentence} Checked in {found.seconds:.1f} s.")
