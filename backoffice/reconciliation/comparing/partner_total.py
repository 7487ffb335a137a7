"""How many orders CoinMENA says a window holds, against how many the mirror holds (the partner's checklist, step 2).

Where the two differ, the window is read again from CoinMENA: an order that was listed late comes in, and one that is no
longer listed is kept as such and counts as theirs no more. Only what differs even then makes the run partial.

The partner takes whole seconds and both ends, so it is asked for the window widened to them, and the mirror is counted
over the same. Whether it counts a last second whole, or only its beginning, is not documented: both are believed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.database import clock
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, for_our_books
from backoffice.mirror.sentences import said_by
from backoffice.orders.queries import ONE_SECOND, held_between
from backoffice.orders.rereading import Heard, reread_orders
from backoffice.orders.rereading import nobody as nobody_hears
from backoffice.orders.services import NotRead
from backoffice.partner.errors import PartnerError
from backoffice.reconciliation.comparing.matching import Comparison
from backoffice.reconciliation.comparing.patience import SOMEBODY_WAITS, Patience

#: A run keeps no larger count. A larger one differs from what the mirror holds, which is said.
MOST = 2**31 - 1


@dataclass(frozen=True)
class PartnerTotal:
    """What CoinMENA said, or nothing where it was not asked; and why the run is partial because of it, or nothing."""

    total: int | None = None
    partial_because: str = ""
    is_differing: bool = False


def agree_on_total(
    comparison: Comparison, *, patience: Patience = SOMEBODY_WAITS, heard: Heard = nobody_hears
) -> PartnerTotal:
    """Ask CoinMENA for its count; where the mirror's differs, read the window again and ask once more.

    All clients are read, whomever the run is of: an order that went over to another client is not gone.

    :param heard: hears of the progress after every page that is read again.
    """
    said = ask_total(comparison)
    if not said.is_differing:
        return said
    doubt = read_again(comparison, patience, heard)
    again = ask_total(comparison)
    return replace(again, partial_because=" ".join(filter(None, [again.partial_because, doubt])))


def read_again(comparison: Comparison, patience: Patience, heard: Heard) -> str:
    """Read the window again from CoinMENA, and say why that was not possible, or is not believed; empty when it was.

    What was read is kept, so that the next run has less to read where the patience of this one was used up.
    """
    give_up_at = clock.now() + patience.wait

    def hear(done: int, of: int) -> None:
        heard(done, of)
        if clock.now() >= give_up_at:
            raise NotRead(_("Reading the window again took too long. Reconcile again: it goes on where it is."))

    try:
        return reread_orders(*whole_seconds(comparison), only_differing=True, heard=hear).doubt
    except NotRead as error:
        return str(error)


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
    sentence = differing(total, *mirror_holds(comparison, start, end))
    return PartnerTotal(known, sentence, is_differing=bool(sentence))


def partner_says(comparison: Comparison, start: datetime, end: datetime) -> int:
    """Return CoinMENA's own count of the orders created from `start` to `end`.

    :raises PartnerError: when nothing usable came back.
    """
    partner = for_our_books(deadline_seconds=PAGE_DEADLINE_SECONDS)
    client = comparison.client.partner_client_id if comparison.client else None
    return partner.orders(page_size=1, partner_client_id=client, from_datetime=start, to_datetime=end).total


def mirror_holds(comparison: Comparison, start: datetime, end: datetime) -> tuple[int, int]:
    """Count the mirror's listed orders up to the beginning of the last second, and up to its end."""
    return held_between(start, end, comparison.client.partner_client_id if comparison.client else None)


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
