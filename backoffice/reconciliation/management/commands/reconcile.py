"""`manage.py reconcile`: what the page does, for the command line and for schedules."""

import re
from argparse import ArgumentParser
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.clients.models import Client
from backoffice.money import format_amount
from backoffice.reconciliation.comparing.totals import AssetTotal
from backoffice.reconciliation.comparing.windows import WindowRefused
from backoffice.reconciliation.models import Run, Verdict
from backoffice.reconciliation.services.running import NotMade, reconcile

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Command(BaseCommand):
    help = "Compare our operations with CoinMENA's orders in a window. Ends with 1 unless everything matched."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="window_from", required=True, help="2026-11-18 or 2026-11-18T00:00:00+03:00")
        parser.add_argument("--to", dest="window_to", required=True, help="the first moment that is left out")
        parser.add_argument("--client", help="the id of one client at CoinMENA")

    def handle(self, **options: Any) -> None:
        try:
            run = reconcile(
                window_from=moment(options["window_from"]),
                window_to=moment(options["window_to"]),
                client=client_called(options["client"]),
                by=System("command line"),
            )
        except (NotMade, WindowRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(report(run)))
        if not run.is_clean:
            raise CommandError(f"Run {run.pk}: not everything matched.", returncode=1)


def moment(text: str) -> datetime:
    """Read a day, which begins at midnight of the company's zone, or a moment with its offset.

    :raises CommandError: for anything else.
    """
    try:
        if DAY.fullmatch(text):
            return timezone.make_aware(
                datetime.combine(date.fromisoformat(text), time.min), ZoneInfo(settings.COMPANY_TIME_ZONE)
            )
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text} is not a day or a moment. Write 2026-11-18 or 2026-11-18T00:00:00Z.") from error
    if parsed.tzinfo is None:
        raise CommandError(f"{text} has no offset. Write for example {text}Z, or only the day.")
    return parsed


def client_called(partner_client_id: str | None) -> Client | None:
    """Find the client a run is to be limited to.

    :raises CommandError: when there is none of that id.
    """
    if partner_client_id is None:
        return None
    client = Client.objects.filter(partner_client_id=partner_client_id).first()
    if client is None:
        raise CommandError(f"There is no client {partner_client_id} in the mirror. Try `manage.py sync clients`.")
    return client


def report(run: Run) -> list[str]:
    """Write a run as the lines of a small table."""
    state = "complete" if run.is_complete else f"INCOMPLETE: {run.incomplete_because}"
    head = [
        f"Run {run.pk}, {state}",
        f"Window {run.window_from.isoformat()} to {run.window_to.isoformat()}, digest {run.digest}",
        f"Ours {run.ours_count:,}, CoinMENA {run.theirs_count:,}, trades left out {run.trades_count:,}",
        "",
    ]
    verdicts = [f"{verdict.value:<22}{run.counts.get(verdict.value, 0):>10,}" for verdict in Verdict]
    return [*head, *verdicts, "", *(total_line(AssetTotal.from_json(total)) for total in run.totals)]


def total_line(total: AssetTotal) -> str:
    ours, theirs, difference = (format_amount(net) for net in (total.ours_net, total.theirs_net, total.difference))
    return f"{total.asset or '?':<8} ours {ours:>24} CoinMENA {theirs:>24} difference {difference:>18}"
