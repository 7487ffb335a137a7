"""How many orders CoinMENA says a window holds, against how many the mirror holds (the partner's checklist, step 2).

The partner takes whole seconds and both ends, so it is asked for the window widened to them, and the mirror is counted
over the same. Whether it counts a last second whole, or only its beginning, is not documented: both are believed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, coinmena
from backoffice.mirror.sentences import said_by
from backoffice.orders.models import Order
from backoffice.partner.errors import PartnerError
from backoffice.reconciliation.comparing.matching import Comparison

ONE_SECOND = timedelta(seconds=1)
#: A run keeps no larger count. A larger one differs from what the mirror holds, which is said.
MOST = 2**31 - 1


@dataclass(frozen=True)
class PartnerTotal:
    """What CoinMENA said, or nothing where it was not asked; and why the run is partial because of it, or nothing."""

    total: int | None = None
    partial_because: str = ""


def ask_total(comparison: Comparison) -> PartnerTotal:
    """Ask CoinMENA once, and compare with the mirror.

    A window the mirror has not been read past is not asked for: the counts could only differ, and the run is partial
    already.
    """
    start, end = whole_seconds(comparison)
    if comparison.read_to is None or comparison.read_to < comparison.window.end:
        return PartnerTotal()
    try:
        total = partner_says(comparison, start, end)
    except PartnerError as error:
        unasked = _("So CoinMENA's own count of the window is not known.")
        return PartnerTotal(partial_because=f"{said_by(error)} {unasked}")
    known = total if total <= MOST else None
    return PartnerTotal(known, differing(total, *mirror_holds(comparison, start, end)))


def partner_says(comparison: Comparison, start: datetime, end: datetime) -> int:
    """Return CoinMENA's own count of the orders created from `start` to `end`.

    :raises PartnerError: when nothing usable came back.
    """
    partner = coinmena(deadline_seconds=PAGE_DEADLINE_SECONDS)
    client = comparison.client.partner_client_id if comparison.client else None
    return partner.orders(page_size=1, partner_client_id=client, from_datetime=start, to_datetime=end).total


def mirror_holds(comparison: Comparison, start: datetime, end: datetime) -> tuple[int, int]:
    """Count the mirror's orders up to the beginning of the last second, and up to its end."""
    orders = Order.objects.filter(created_at__gte=start)
    if comparison.client:
        orders = orders.filter(partner_client_id=comparison.client.partner_client_id)
    least = orders.filter(created_at__lte=end).count()
    return least, least + orders.filter(created_at__gt=end, created_at__lt=end + ONE_SECOND).count()


def differing(total: int, least: int, most: int) -> str:
    """Say that the counts differ; empty when they agree."""
    if least <= total <= most:
        return ""
    return ngettext(
        "CoinMENA says the window holds %(said)s order, and the mirror holds %(held)s.",
        "CoinMENA says the window holds %(said)s orders, and the mirror holds %(held)s.",
        total,
    ) % {"said": f"{total:,}", "held": f"{most if total > most else least:,}"}


def whole_seconds(comparison: Comparison) -> tuple[datetime, datetime]:
    """Widen the window to whole seconds."""
    start = comparison.window.start.replace(microsecond=0)
    end = comparison.window.end.replace(microsecond=0)
    return start, end if end == comparison.window.end else end + ONE_SECOND
