"""Before an operation is called missing, CoinMENA is asked for its reference, and the answer is kept.

The mirror alone proves no absence: it may have been read past the order before the order could be seen. Only a "not
found" in the partner's own envelope does. Nothing here moves money, and nothing here holds a transaction open while the
partner is being waited for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.database import clock
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, for_our_books
from backoffice.mirror.sentences import said_by
from backoffice.orders.services import mirror_order
from backoffice.partner.coinmena.answers import OrderLookup
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.errors import PartnerAnswerInvalid, PartnerError
from backoffice.reconciliation.comparing.matching import Comparison, orderless_references
from backoffice.reconciliation.comparing.patience import SOMEBODY_WAITS, Patience, Told, nobody
from backoffice.reconciliation.models import ReferenceCheck


@dataclass(frozen=True)
class Evidence:
    """The look-ups made for one run, by id, and why the run is partial because of them; empty when it is not."""

    checks: tuple[int, ...] = ()
    partial_because: str = ""


def gather(
    comparison: Comparison, *, patience: Patience = SOMEBODY_WAITS, made: Sequence[int] = (), told: Told = nobody
) -> Evidence:
    """Ask for every one of ours in the window that should have an order and has none in the mirror.

    Orders found are mirrored. When the partner stops answering, the rest is left unasked: those rows claim nothing.

    :param made: the ids of look-ups made for this run before it was broken off; they are not made again.
    :param told: hears of the progress after every look-up; the look-ups of a run broken off are kept by it.
    """
    known = list(ReferenceCheck.objects.filter(pk__in=made))
    asked = {check.reference for check in known}
    found = orderless_references(comparison, limit=patience.lookups + len(known) + 1)
    references = [reference for reference in found if reference not in asked]
    return Inquiry(patience, told, known).ask(references)


@dataclass
class Inquiry:
    """The look-ups of one run as they are made: one by one, until they or the patience are used up."""

    patience: Patience
    told: Told
    checks: list[ReferenceCheck]
    unreadable: int = 0

    def ask(self, references: Sequence[str]) -> Evidence:
        """Look the references up, as many as the patience allows, and say what is left."""
        give_up_at = timezone.now() + self.patience.wait
        for number, reference in enumerate(references):
            left = unasked(len(references) - number)
            if number >= self.patience.lookups or timezone.now() >= give_up_at:
                return self.evidence(left)
            try:
                self.look_up(reference)
            except PartnerError as error:
                return self.evidence(f"{said_by(error)} {left}")
            self.told(number + 1, len(references), [check.pk for check in self.checks])
        return self.evidence()

    def look_up(self, reference: str) -> None:
        try:
            self.checks.append(look_up(for_our_books(deadline_seconds=PAGE_DEADLINE_SECONDS), reference))
        except PartnerAnswerInvalid:
            self.unreadable += 1

    def evidence(self, partial_because: str = "") -> Evidence:
        """Put the look-ups together with why they do not settle everything."""
        proving_nothing = self.unreadable + sum(check.found is None for check in self.checks)
        sentences = [partial_because, undecided(proving_nothing) if proving_nothing else ""]
        return Evidence(tuple(check.pk for check in self.checks), " ".join(filter(None, sentences)))


def undecided(count: int) -> str:
    """Say that answers came and proved nothing."""
    return ngettext(
        "CoinMENA's answer about %(count)d operation without an order proves nothing; reconcile again later.",
        "CoinMENA's answers about %(count)d operations without an order prove nothing; reconcile again later.",
        count,
    ) % {"count": count}


def unasked(count: int) -> str:
    """Say that rows were left without a look-up."""
    return ngettext(
        "At least %(count)d operation without an order could not be looked up, so it is not called missing.",
        "At least %(count)d operations without an order could not be looked up, so they are not called missing.",
        count,
    ) % {"count": count}


def look_up(partner: CoinmenaClient, reference: str) -> ReferenceCheck:
    """Ask for one reference, keep the answer and mirror the order it brought.

    :raises PartnerError: when nothing usable came back.
    """
    asked_at = clock.now()
    found = partner.order_by_reference(reference)
    with transaction.atomic():
        if found.order is not None:
            mirror_order(found.order, read_at=asked_at)
        return ReferenceCheck.objects.create(**facts_of(reference, asked_at, partner.environment, found))


def facts_of(reference: str, asked_at: datetime, environment: str, found: OrderLookup) -> dict[str, object]:
    verdict, sentence = what_it_proves(found)
    return {
        "reference": reference,
        "environment": environment,
        "asked_at": asked_at,
        "found": verdict,
        "order_id": found.order.id if found.order else None,
        "http_status": found.exchange.status,
        "request_id": found.exchange.request_id,
        "duration_ms": round(found.exchange.duration_seconds * 1000),
        "raw": found.exchange.body,
        "sentence": sentence,
    }


def what_it_proves(found: OrderLookup) -> tuple[bool | None, str]:
    """Judge one answer: there, not there, or nothing proven."""
    if found.order is not None:
        return True, _("CoinMENA holds order %(id)s under this reference.") % {"id": found.order.id}
    if found.is_credible_absence:
        return False, _("CoinMENA says there is no order under this reference.")
    return None, _("A “not found” came back, but nothing shows that CoinMENA wrote it. It proves nothing.")
