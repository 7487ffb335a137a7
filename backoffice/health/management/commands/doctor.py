"""``manage.py doctor [CHECK …]``: every part that must work, a sentence and an exit code each."""

import sys

from django.core.management.base import BaseCommand, CommandParser

from backoffice.health.services import CHECKS, Finding, examine


class Command(BaseCommand):
    help = "Examine every part that must work. Exits with 0, or with the code of the first part that does not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("check", nargs="*", choices=[[], *(check.name for check in CHECKS)], metavar="CHECK")

    def handle(self, *, check: list[str], **_options: object) -> None:
        findings = [examine(each) for each in CHECKS if not check or each.name in check]
        for finding in findings:
            self.tell(finding)
        sys.exit(next((finding.check.code for finding in findings if not finding.is_well), 0))

    def tell(self, finding: Finding) -> None:
        mark = self.style.SUCCESS("well  ") if finding.is_well else self.style.ERROR(f"ill {finding.check.code}")
        self.stdout.write(f"{mark} {finding.check.name:9} {finding.sentence}")
