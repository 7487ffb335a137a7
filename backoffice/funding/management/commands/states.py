"""``manage.py states``: write docs/states.md, or with ``--check`` say whether it is stale."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.funding.diagrams import PATH, document


class Command(BaseCommand):
    help = "Write docs/states.md from the state tables; --check changes nothing and fails when the file is stale."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail when the file is stale")

    def handle(self, *, check: bool, **_options: object) -> None:
        written, wanted = PATH.read_text() if PATH.exists() else "", document()
        if written == wanted:
            self.stdout.write("docs/states.md is up to date.")
        elif check:
            raise CommandError("docs/states.md is stale. Run `manage.py states`.")
        else:
            PATH.write_text(wanted)
            self.stdout.write("docs/states.md was written.")
