"""Say what one POST of an order proves. This table decides about money: see docs and tests before touching a row.

A refusal speaks only for the attempt that received it, and whatever is not proven is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from backoffice.money import gettext_noop
from backoffice.partner.coinmena.answers import OrderLookup, Refusal, read_result, refusal_in
from backoffice.partner.coinmena.errors import DUPLICATE_REFERENCE_CODE, refusal_kind, refusal_sentence
from backoffice.partner.coinmena.payloads import Order, OrderKind, OrderStatus
from backoffice.partner.errors import PartnerAnswerInvalid
from backoffice.partner.exchange import Exchange, Fault, retry_after_seconds

#: Used where a 429 does not say how long to wait.
DEFAULT_PAUSE_SECONDS: Final = 60.0


#: Refused, or carried out all the same: it timed out, is in conflict with what is there already (which may be the
#: order), came too early, or whoever asked had gone.
UNSURE_STATUSES: Final = frozenset({408, 409, 425, 499})


class Evidence(StrEnum):
    """What an observation proves about one attempt."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    NEVER_SENT = "never_sent"
    UNKNOWN = "unknown"


class Row(StrEnum):
    """The rows of the table, by what was observed."""

    COMPLETED = "A1"
    FAILED = "A2"
    REJECTED = "A3"
    OTHER_STATUS = "A4"
    DIFFERENT_ORDER = "A5"
    DUPLICATE = "A6"
    DUPLICATE_OF_ANOTHER = "A7"
    REFUSED = "A8"
    TURNED_AWAY = "A9"
    SERVER_ERROR = "A10"
    NO_ENVELOPE = "A11"
    UNREADABLE = "A12"
    NEVER_SENT = "A13"
    NO_ANSWER = "A14"


#: The partner itself says these, about an order, to whom it has let in. What comes before its door (a gateway, its own
#: rate limit) or from whatever is in trouble is no word on our credentials.
LET_IN: Final = frozenset(
    {
        Row.COMPLETED,
        Row.FAILED,
        Row.REJECTED,
        Row.OTHER_STATUS,
        Row.DIFFERENT_ORDER,
        Row.DUPLICATE,
        Row.DUPLICATE_OF_ANOTHER,
        Row.REFUSED,
    }
)


@dataclass(frozen=True, slots=True)
class IntendedOrder:
    """The order we meant: what an answer must repeat, field by field, before it counts as ours."""

    reference: str
    partner_client_id: str
    kind: OrderKind
    asset_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one observation proves, and what else follows from it.

    `code` is the partner's code, if it gave one. `sentence` tells staff, `template` and `parameters` translate it.
    `must_look_up`: the reference exists at the partner, so ask for it and judge again. `alarm`: a person must know.
    `pause_seconds`: stop all sending for so long. `counts_as_401`: three of these, with nothing between them that
    `accepts_credentials`, stop all sending.
    """

    row: Row
    evidence: Evidence
    template: str
    parameters: tuple[tuple[str, str], ...] = ()
    code: int | None = None
    order: Order | None = None
    must_look_up: bool = False
    alarm: bool = False
    pause_seconds: float | None = None
    counts_as_401: bool = False

    @property
    def sentence(self) -> str:
        """What happened, for staff."""
        return self.template % dict(self.parameters)

    @property
    def settles_reference(self) -> bool:
        """True if an order at the partner speaks for the reference, not just an answer for one attempt."""
        return self.order is not None and self.evidence in (Evidence.APPLIED, Evidence.NOT_APPLIED)

    @property
    def accepts_credentials(self) -> bool:
        """True if the partner answered as it does only after our signature, clock and address have passed."""
        return self.row in LET_IN and not self.counts_as_401

    @property
    def needs_review(self) -> bool:
        """True if the partner holds something under the reference that no rule of ours may take for the order."""
        return self.evidence is Evidence.UNKNOWN and (self.order is not None or self.row is Row.DUPLICATE_OF_ANOTHER)


_COMPLETED = gettext_noop("CoinMENA completed the order.")
_FAILED = gettext_noop("CoinMENA recorded the order as failed. No balance changed.")
_REJECTED = gettext_noop("CoinMENA recorded the order as rejected. No balance changed.")
_OTHER_STATUS = gettext_noop("CoinMENA holds the order with a status we do not know: %(status)s.")
_DIFFERENT = gettext_noop("CoinMENA holds an order that differs from the one we sent. Two people must look at it.")
_EXISTS = gettext_noop("CoinMENA already holds an order under this reference. It is being looked up.")
_EXISTS_UNSEEN = gettext_noop("CoinMENA says the reference is taken but does not show its order yet. Looking again.")
_TAKEN = gettext_noop("Another order at CoinMENA carries this reference. Two people must look at it.")
_BUSY = gettext_noop("CoinMENA asked us to slow down and did not take the order. Sending pauses.")
_SERVER_ERROR = gettext_noop("CoinMENA had trouble on its side. Whether the order went through is being looked up.")
_UNSURE = gettext_noop("CoinMENA's refusal does not say whether the order went through, which is being looked up.")
_REDIRECTED = gettext_noop("CoinMENA's address pointed somewhere else, which we do not follow. The order is looked up.")
_NO_ENVELOPE = gettext_noop("Something between us and CoinMENA answered in its place. The order is being looked up.")
_UNREADABLE = gettext_noop("CoinMENA's answer could not be read. Whether the order went through is being looked up.")
_NEVER_SENT = gettext_noop("CoinMENA could not be reached, so nothing was sent. It will be tried again.")
_HELD_UP = gettext_noop("This machine was held up for too long, so nothing was sent. It will be tried again.")
_UNCOUNTED = gettext_noop("Our own count of requests was out of reach, so nothing was sent. It will be tried again.")
_UNSENDABLE = gettext_noop(
    "No request can be made with the settings for CoinMENA, so nothing was sent. Have them checked."
)
#: What of our own kept a request from leaving; whatever else did was on the way to the partner.
_KEPT_BACK: Final[Mapping[Fault | None, str]] = {
    Fault.HELD_UP: _HELD_UP,
    Fault.RATE_LIMITED: _HELD_UP,
    Fault.UNCOUNTED: _UNCOUNTED,
}
_NO_ANSWER = gettext_noop("CoinMENA's answer was lost. Whether the order went through is being looked up.")


def judge_post(exchange: Exchange, intended: IntendedOrder, *, lookup: OrderLookup | None = None) -> Verdict:
    """Say what one POST proves about `intended`.

    Where the partner says that the reference is taken, the verdict asks for a look-up; call again with its result.
    """
    verdict = _judge_answer(exchange, intended)
    return _judge_duplicate(verdict, lookup, intended) if lookup and verdict.must_look_up else verdict


def unjudged(exchange: Exchange) -> Verdict:
    """Return the verdict on an answer that a fault of ours kept from being judged: it proves nothing (A12). Its status
    still slows or stops sending; nothing else of it is read again."""
    unreadable = Verdict(Row.UNREADABLE, Evidence.UNKNOWN, _UNREADABLE, alarm=True)
    pause = DEFAULT_PAUSE_SECONDS if exchange.status == 429 else None
    return replace(unreadable, pause_seconds=pause, counts_as_401=exchange.status == 401)


def judge_order(order: Order, intended: IntendedOrder) -> Verdict:
    """Say what an order at the partner proves about `intended` (A1 to A5), however we came to see it."""
    if not _is_same(order, intended):
        return Verdict(Row.DIFFERENT_ORDER, Evidence.UNKNOWN, _DIFFERENT, order=order, alarm=True)
    if order.status == OrderStatus.COMPLETED:
        return Verdict(Row.COMPLETED, Evidence.APPLIED, _COMPLETED, order=order)
    if order.status == OrderStatus.FAILED:
        return Verdict(Row.FAILED, Evidence.NOT_APPLIED, _FAILED, order=order)
    if order.status == OrderStatus.REJECTED:
        return Verdict(Row.REJECTED, Evidence.NOT_APPLIED, _REJECTED, order=order)
    status = (("status", order.status),)
    return Verdict(Row.OTHER_STATUS, Evidence.UNKNOWN, _OTHER_STATUS, status, order=order)


def _is_same(order: Order, intended: IntendedOrder) -> bool:
    same_names = (order.partner_order_ref, order.partner_client_id) == (intended.reference, intended.partner_client_id)
    return same_names and order.is_for(intended.kind, intended.asset_id, intended.amount)


def _judge_answer(exchange: Exchange, intended: IntendedOrder) -> Verdict:
    if exchange.status is None:
        return _judge_silence(exchange)
    if 200 <= exchange.status < 300:
        return _judge_success(exchange, intended)
    if 300 <= exchange.status < 400:
        return Verdict(Row.NO_ENVELOPE, Evidence.UNKNOWN, _REDIRECTED, alarm=True)
    return _with_brakes(exchange, _judge_refusal(exchange))


def _judge_silence(exchange: Exchange) -> Verdict:
    if exchange.bytes_may_have_been_sent:
        return Verdict(Row.NO_ANSWER, Evidence.UNKNOWN, _NO_ANSWER)
    if exchange.fault is Fault.UNSENDABLE:
        return Verdict(Row.NEVER_SENT, Evidence.NEVER_SENT, _UNSENDABLE, alarm=True)
    return Verdict(Row.NEVER_SENT, Evidence.NEVER_SENT, _KEPT_BACK.get(exchange.fault, _NEVER_SENT))


def _judge_success(exchange: Exchange, intended: IntendedOrder) -> Verdict:
    unreadable = Verdict(Row.UNREADABLE, Evidence.UNKNOWN, _UNREADABLE)
    if exchange.status != 200 or not exchange.is_whole:
        return unreadable
    try:
        order = read_result(Order, exchange)
    except PartnerAnswerInvalid:
        return unreadable
    return judge_order(order, intended)


def _judge_refusal(exchange: Exchange) -> Verdict:
    refusal = refusal_in(exchange)
    if refusal is None:
        return Verdict(Row.NO_ENVELOPE, Evidence.UNKNOWN, _NO_ENVELOPE)
    if refusal.code == DUPLICATE_REFERENCE_CODE:
        return Verdict(Row.DUPLICATE, Evidence.UNKNOWN, _EXISTS, code=refusal.code, must_look_up=True)
    if exchange.status in UNSURE_STATUSES:
        return Verdict(Row.SERVER_ERROR, Evidence.UNKNOWN, _UNSURE, code=refusal.code)
    if exchange.status is None or exchange.status >= 500:
        return Verdict(Row.SERVER_ERROR, Evidence.UNKNOWN, _SERVER_ERROR, code=refusal.code)
    return _judge_business_refusal(exchange.status, refusal)


def _judge_business_refusal(status: int, refusal: Refusal) -> Verdict:
    if status == 429:
        return Verdict(Row.TURNED_AWAY, Evidence.NOT_APPLIED, _BUSY, code=refusal.code)
    row = Row.TURNED_AWAY if status == 401 else Row.REFUSED
    template = refusal_sentence(refusal_kind(status, refusal.code))
    words = " ".join(filter(None, (refusal.message, refusal.detail)))
    parameters = (("code", str(refusal.code)), ("words", words))
    return Verdict(row, Evidence.NOT_APPLIED, template, parameters, code=refusal.code)


def _with_brakes(exchange: Exchange, verdict: Verdict) -> Verdict:
    """A 429 slows and a 401 counts even without the partner's envelope: whoever answered wants us to stop."""
    if exchange.status == 401:
        return replace(verdict, counts_as_401=True)
    if exchange.status == 429:
        wished = retry_after_seconds(exchange)
        return replace(verdict, pause_seconds=DEFAULT_PAUSE_SECONDS if wished is None else wished)
    return verdict


def _judge_duplicate(verdict: Verdict, lookup: OrderLookup, intended: IntendedOrder) -> Verdict:
    """The reference is taken: by our own order (then that order speaks), by another one, or nobody can tell yet."""
    if lookup.order is None:
        return replace(verdict, template=_EXISTS_UNSEEN, must_look_up=False)
    found = judge_order(lookup.order, intended)
    if found.row is Row.DIFFERENT_ORDER:
        return Verdict(Row.DUPLICATE_OF_ANOTHER, Evidence.UNKNOWN, _TAKEN, code=verdict.code)
    return replace(found, row=Row.DUPLICATE, code=verdict.code)
