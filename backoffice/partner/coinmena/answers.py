"""Read what CoinMENA answered: the typed thing asked for, or the one error that says why not."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from backoffice.money import gettext_noop
from backoffice.partner.coinmena.errors import OrderNotFound, refusal_kind, refusal_sentence
from backoffice.partner.coinmena.payloads import Order
from backoffice.partner.errors import (
    PartnerAnswerInvalid,
    PartnerError,
    PartnerRefused,
    PartnerUnavailable,
    RateLimited,
)
from backoffice.partner.exchange import Exchange, retry_after_seconds
from backoffice.partner.fields import Payload, text_for_people
from backoffice.partner.pages import Page, Rows, read_rows
from backoffice.partner.reading import reading
from backoffice.partner.strict_json import NotStrictJson, loads, slice_at, slices, storable

Item = TypeVar("Item", bound=Payload)

NOT_THEIRS: Final = gettext_noop(
    "A “not found” came back, but nothing shows that CoinMENA wrote it. It proves nothing."
)
_NO_ANSWER: Final = gettext_noop("CoinMENA did not answer. Try again in a minute.")
_IN_TROUBLE: Final = gettext_noop("CoinMENA has trouble on its side. Try again in a few minutes.")
_OUT_OF_A_CACHE: Final = gettext_noop("CoinMENA's list came from a cache and may be old. Try again in a few minutes.")
_NOT_UNDERSTOOD: Final = gettext_noop("CoinMENA sent an answer we cannot read: %(reason)s. Tell an administrator.")
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Refusal:
    """The partner's error envelope; `message` and `detail` are made safe to store and to show."""

    code: int
    message: str
    detail: str


@dataclass(frozen=True, slots=True)
class OrderLookup:
    """What asking for one reference brought: the order, or an absence with what is needed to weigh it."""

    exchange: Exchange
    order: Order | None
    has_envelope: bool

    @property
    def partner_date(self) -> datetime | None:
        """The partner's clock when it answered."""
        return self.exchange.partner_date

    @property
    def is_credible_absence(self) -> bool:
        """True if a "not found" came from the partner itself, fresh and dated; by itself it proves nothing yet."""
        from_partner = self.order is None and self.has_envelope and self.exchange.status == _NOT_FOUND
        return from_partner and self.exchange.is_fresh_word


def refusal_in(exchange: Exchange) -> Refusal | None:
    """Return the partner's own error envelope, or None if the answer carries none."""
    if not exchange.is_whole or exchange.status is None or exchange.status < 400:
        return None
    try:
        envelope = loads(exchange.body)
    except NotStrictJson:
        return None
    return _refusal_of(envelope) if isinstance(envelope, dict) else None


def _refusal_of(envelope: dict[str, Any]) -> Refusal | None:
    code, message = envelope.get("code"), envelope.get("msg")
    if isinstance(code, bool) or not isinstance(code, int) or not isinstance(message, str):
        return None
    detail = envelope.get("msg_detail")
    words = "" if detail is None else json.dumps(storable(detail)[0], ensure_ascii=False)
    return Refusal(code, text_for_people(message), text_for_people(words))


def refusal_error(exchange: Exchange, refusal: Refusal, *, not_found: type[PartnerRefused]) -> PartnerRefused:
    """Return the typed error for a refusal; `not_found` is what a 404 means for what was asked."""
    kind = refusal_kind(exchange.status, refusal.code)
    kind = not_found if kind is OrderNotFound else kind
    words = " ".join(filter(None, (refusal.message, refusal.detail)))
    error = kind(
        refusal_sentence(kind),
        parameters={"code": str(refusal.code), "words": words},
        exchange=exchange,
        code=refusal.code,
    )
    error.message, error.detail = refusal.message, refusal.detail
    return error


def check_answered(exchange: Exchange, *, not_found: type[PartnerRefused]) -> None:
    """Return if a whole 200 was read. Raises the member of the error family that says what came instead."""
    if exchange.status != 200 or not exchange.is_whole:
        with reading(exchange, invalid_answer):
            raise _failure(exchange, not_found)


def _failure(exchange: Exchange, not_found: type[PartnerRefused]) -> PartnerError:
    if exchange.status is None or exchange.was_cut_short:
        return PartnerUnavailable(_NO_ANSWER, exchange=exchange)
    if exchange.status == 429:
        return RateLimited(retry_after_seconds=retry_after_seconds(exchange), exchange=exchange)
    if exchange.status >= 500:
        return PartnerUnavailable(_IN_TROUBLE, exchange=exchange)
    refusal = refusal_in(exchange)
    if refusal is None:
        return invalid_answer(exchange, f"HTTP {exchange.status} {exchange.fault or 'without its error form'}")
    if _NOT_FOUND in (exchange.status, refusal.code) and not exchange.is_fresh_word:
        return PartnerAnswerInvalid(NOT_THEIRS, exchange=exchange)
    return refusal_error(exchange, refusal, not_found=not_found)


def invalid_answer(exchange: Exchange, reason: str) -> PartnerAnswerInvalid:
    """Return the error for an answer that is against the partner's contract; `reason` never repeats its content."""
    return PartnerAnswerInvalid(_NOT_UNDERSTOOD, parameters={"reason": reason}, exchange=exchange)


def read_result(kind: type[Item], exchange: Exchange) -> Item:
    """Return the object in ``result``. Raises `PartnerAnswerInvalid`."""
    with reading(exchange, invalid_answer):
        return kind.from_slice(slice_at(exchange.body, "result"))


def read_all(kind: type[Item], exchange: Exchange) -> tuple[Item, ...]:
    """Return every row of a list without pages.

    Raises `PartnerAnswerInvalid` if even one cannot be read, or if the list says that it has more than it shows.
    """
    rows = _rows(kind, exchange)
    if rows.unreadable:
        raise invalid_answer(exchange, rows.unreadable[0].reason)
    total = _envelope(exchange).get("total")
    if isinstance(total, int) and total > len(rows):
        raise invalid_answer(exchange, f"{len(rows)} rows of {total}")
    return rows.items


def read_page(kind: type[Item], exchange: Exchange) -> Page[Item]:
    """Return one page of a list.

    Raises `PartnerAnswerInvalid` if the page itself, not just a row, cannot be read, or if a cache kept it: what was
    read since must not be overwritten by it.
    """
    if exchange.is_aged:
        raise PartnerAnswerInvalid(_OUT_OF_A_CACHE, exchange=exchange)
    rows, counts = _rows(kind, exchange), _envelope(exchange)
    total, page, page_size = (_count(exchange, counts, name) for name in ("total", "page", "page_size"))
    return Page(rows.items, rows.unreadable, total, page, page_size, is_fresh_word=exchange.is_fresh_word)


def _rows(kind: type[Item], exchange: Exchange) -> Rows[Item]:
    with reading(exchange, invalid_answer):
        return read_rows(kind, slices(exchange.body, "items"))


def _envelope(exchange: Exchange) -> dict[str, Any]:
    """Return what stands around the rows of a list."""
    with reading(exchange, invalid_answer):
        envelope = loads(exchange.body)
    return envelope if isinstance(envelope, dict) else {}


def _count(exchange: Exchange, envelope: dict[str, Any], name: str) -> int:
    count = envelope.get(name)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < 2**63:
        raise invalid_answer(exchange, f"no usable {name}")
    return count
