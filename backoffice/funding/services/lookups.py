"""Ask the partner for one reference and say what the answer proves. A look-up never sends."""

from dataclasses import dataclass

from django.utils.translation import gettext_noop

from backoffice.database import clock
from backoffice.funding.models import Lookup, LookupAnswer
from backoffice.funding.services.answers import answer_fields
from backoffice.partner.coinmena.answers import NOT_THEIRS, OrderLookup
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.errors import PartnerError
from backoffice.partner.exchange import Exchange
from backoffice.partner.outcome import Evidence

NOT_VISIBLE = "CoinMENA does not show an order under this reference. An early “not found” proves nothing."
FOUND = "CoinMENA shows an order under this reference."
ELSEWHERE = gettext_noop("This answer came from another environment than the request was sent to. It proves nothing.")


@dataclass(frozen=True)
class Heard:
    """What one look-up brought: an order, a "not found", or nothing usable and why.

    ``is_elsewhere``: another environment was asked than the one that requests were sent to.
    """

    exchange: Exchange | None
    lookup: OrderLookup | None
    trouble: str = ""
    is_elsewhere: bool = False

    @property
    def is_found(self) -> bool:
        return self.lookup is not None and self.lookup.order is not None

    @property
    def found(self) -> bool | None:
        """True, False, or None where nothing can be said: the column of the same name.

        People close an operation by it: a "not found" of a gateway, a cache or another environment is none.
        """
        if self.lookup is None or self.is_elsewhere:
            return None
        return self.is_found or (False if self.lookup.is_credible_absence else None)

    @property
    def is_answered(self) -> bool:
        """Whether anybody was there to answer; where not, asking again soon is worth it."""
        exchange = self.exchange
        return exchange is not None and exchange.is_whole and exchange.status is not None and exchange.status < 500

    @property
    def sentence(self) -> str:
        if self.trouble or self.is_elsewhere:
            return self.trouble or ELSEWHERE
        return {True: FOUND, False: NOT_VISIBLE, None: NOT_THEIRS}[self.found]


def ask(client: CoinmenaClient, reference: str) -> Heard:
    """Look one reference up; trouble on the way is heard, not raised."""
    try:
        lookup = client.order_by_reference(reference)
    except PartnerError as error:
        return Heard(error.exchange, None, str(error))
    return Heard(lookup.exchange, lookup)


def look_up_at_once(operation_id: int, reference: str, holder: str, client: CoinmenaClient) -> OrderLookup | None:
    """Look a reference up outside the resolver's turns, because the partner says that it is taken or a copy is wanted;
    kept as evidence like every look-up."""
    row = Lookup.objects.create(
        operation_id=operation_id, worker=holder, environment=client.environment, asked_at=clock.now()
    )
    heard = ask(client, reference)
    LookupAnswer.objects.create(
        lookup=row,
        found=heard.found,
        **answer_fields(heard.exchange, evidence=Evidence.UNKNOWN, sentence=heard.sentence),
    )
    return heard.lookup
