"""Read what Bitnob answered: the typed thing asked for, or the one error that says why not."""

from typing import Any, Final, TypeVar

from backoffice.money import gettext_noop
from backoffice.partner.bitnob.errors import refusal_kind, refusal_sentence
from backoffice.partner.bitnob.payloads import AccountBalance, Identity, Transaction
from backoffice.partner.errors import (
    PartnerAnswerInvalid,
    PartnerError,
    PartnerRefused,
    PartnerUnavailable,
    RateLimited,
)
from backoffice.partner.exchange import Exchange, retry_after_seconds
from backoffice.partner.fields import Payload, text_for_people
from backoffice.partner.pages import CursorPage, Rows, read_rows
from backoffice.partner.reading import reading
from backoffice.partner.strict_json import JsonValue, NotStrictJson, Slice, loads, slice_at, slices

Item = TypeVar("Item", bound=Payload)

_NOT_THEIRS: Final = gettext_noop("A “not found” came back, but nothing shows that Bitnob wrote it. It proves nothing.")
_NO_ANSWER: Final = gettext_noop("Bitnob did not answer. Try again in a minute.")
_IN_TROUBLE: Final = gettext_noop("Bitnob has trouble on its side. Try again in a few minutes.")
_NOT_UNDERSTOOD: Final = gettext_noop("Bitnob sent an answer we cannot read: %(reason)s. Tell an administrator.")
_NOT_FOUND: Final = 404


def check_answered(exchange: Exchange) -> None:
    """Return if a whole 200 that says ``success`` was read. Raises the member of the error family otherwise."""
    if exchange.status != 200 or not exchange.is_whole:
        with reading(exchange, invalid_answer):
            raise _failure(exchange)
    envelope = _envelope(exchange)
    if envelope.get("success", True) is not True:
        raise invalid_answer(exchange, "a 200 that does not say success")


def read_data(kind: type[Item], exchange: Exchange) -> Item:
    """Return the object in ``data``. Raises `PartnerAnswerInvalid`."""
    with reading(exchange, invalid_answer):
        return kind.from_slice(slice_at(exchange.body, "data"))


def read_identity(exchange: Exchange) -> Identity:
    """Return who we are; an older form has the fields at the top level. Raises `PartnerAnswerInvalid`."""
    envelope = _envelope(exchange)
    if isinstance(envelope.get("data"), dict):
        return read_data(Identity, exchange)
    with reading(exchange, invalid_answer):
        return Identity.from_slice(Slice(envelope, exchange.body))


def read_accounts(exchange: Exchange) -> tuple[AccountBalance, ...]:
    """Return every account. Raises `PartnerAnswerInvalid` if even one cannot be read."""
    rows = _rows(AccountBalance, exchange, "accounts")
    if rows.unreadable:
        raise invalid_answer(exchange, rows.unreadable[0].reason)
    return rows.items


def read_transactions(exchange: Exchange) -> CursorPage[Transaction]:
    """Return one page. Raises `PartnerAnswerInvalid` if the page itself, not just a row, cannot be read."""
    rows = _rows(Transaction, exchange, "transactions")
    envelope = _envelope(exchange)["data"]
    total, has_more = envelope.get("total_count"), envelope.get("has_more")
    if isinstance(total, bool) or not isinstance(total, int) or total < 0 or not isinstance(has_more, bool):
        raise invalid_answer(exchange, "no usable total_count or has_more")
    following, previous = (_cursor(exchange, envelope.get(name)) for name in ("next_cursor", "previous_cursor"))
    return CursorPage(rows.items, rows.unreadable, total, has_more, following, previous)


def invalid_answer(exchange: Exchange, reason: str) -> PartnerAnswerInvalid:
    """Return the error for an answer that is against the partner's contract; `reason` never repeats its content."""
    return PartnerAnswerInvalid(_NOT_UNDERSTOOD, parameters={"reason": reason}, exchange=exchange)


def _rows(kind: type[Item], exchange: Exchange, name: str) -> Rows[Item]:
    with reading(exchange, invalid_answer):
        return read_rows(kind, slices(exchange.body, "data", name))


def _cursor(exchange: Exchange, value: JsonValue) -> str | None:
    if value is not None and not isinstance(value, str):
        raise invalid_answer(exchange, "a cursor that is no text")
    return value or None


def _envelope(exchange: Exchange) -> dict[str, Any]:
    with reading(exchange, invalid_answer):
        envelope = loads(exchange.body)
    if not isinstance(envelope, dict):
        raise invalid_answer(exchange, "not an object")
    return envelope


# Refusals -------------------------------------------------------------------------------------------------------------


def _failure(exchange: Exchange) -> PartnerError:
    if exchange.status is None or exchange.was_cut_short:
        return PartnerUnavailable(_NO_ANSWER, exchange=exchange)
    if exchange.status == 429:
        return RateLimited(retry_after_seconds=retry_after_seconds(exchange), exchange=exchange)
    if exchange.status >= 500:
        correlation_id = _words(_problem(exchange), "correlation_id")
        return PartnerUnavailable(_IN_TROUBLE, exchange=exchange, correlation_id=correlation_id)
    without_form = f"HTTP {exchange.status} {exchange.fault or 'without its error form'}"
    refusal = refusal_in(exchange)
    if refusal and exchange.status == _NOT_FOUND and not exchange.is_fresh_word:
        return PartnerAnswerInvalid(_NOT_THEIRS, exchange=exchange)
    return refusal or invalid_answer(exchange, without_form)


def refusal_in(exchange: Exchange) -> PartnerRefused | None:
    """Return the partner's own refusal as a typed error, or None if the answer carries none."""
    problem = _problem(exchange)
    code = problem.get("code")
    return _refusal(exchange, code, problem) if isinstance(code, str) else None


def _problem(exchange: Exchange) -> dict[str, Any]:
    """Return the RFC 7807 body, or nothing where there is none."""
    try:
        problem = loads(exchange.body) if exchange.is_whole else None
    except NotStrictJson:
        return {}
    return problem if isinstance(problem, dict) else {}


def _refusal(exchange: Exchange, code: str, problem: dict[str, Any]) -> PartnerRefused:
    kind = refusal_kind(exchange.status, code)
    title, detail = _words(problem, "title") or "", _words(problem, "detail") or ""
    error = kind(
        refusal_sentence(kind),
        parameters={"code": text_for_people(code), "words": detail or title},
        exchange=exchange,
        code=text_for_people(code),
        correlation_id=_words(problem, "correlation_id"),
    )
    error.message, error.detail = title, detail
    return error


def _words(problem: dict[str, Any], name: str) -> str | None:
    words = problem.get(name)
    return text_for_people(words) if isinstance(words, str) else None
