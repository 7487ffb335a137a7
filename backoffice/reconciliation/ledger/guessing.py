"""What the first rows of a ledger file suggest for its mapping. A person sees every guess and corrects it."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.conf import settings

from backoffice.reconciliation.ledger.checking import Unreadable, amount_in, moment_in
from backoffice.reconciliation.ledger.mapping import (
    AMOUNT,
    ASSET,
    AT,
    CLIENT,
    COLUMNS,
    ISO,
    REFERENCE,
    STATUS,
    TIME_FORMS,
    TYPE,
    Mapping,
    Words,
)
from backoffice.reconciliation.ledger.reading import Layout, Opening

#: Words that stand in headings of ledgers, the surest first.
HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    REFERENCE: ("partner_order_ref", "our reference", "reference", "order ref", "ref", "belegnummer", "المرجع"),
    CLIENT: ("partner_client_id", "client id", "client", "customer id", "customer", "kunde", "العميل"),
    TYPE: ("transaction type", "movement", "direction", "type", "kind", "art", "النوع"),
    ASSET: ("asset", "currency", "ccy", "währung", "devise", "العملة"),
    AMOUNT: ("amount", "value", "sum", "betrag", "montant", "المبلغ"),
    AT: ("booked at", "posted at", "booking date", "created_at", "timestamp", "date", "time", "datum", "التاريخ"),
    STATUS: ("status", "state", "result", "الحالة"),
}
DEPOSIT: Final = ("deposit", "deposits", "in", "credit", "cr", "dep", "receipt", "top-up", "einzahlung", "إيداع")
WITHDRAWAL: Final = ("withdrawal", "withdraw", "out", "debit", "dr", "wd", "payout", "payment", "auszahlung", "سحب")
COMPLETED: Final = ("completed", "complete", "posted", "done", "settled", "success", "successful", "ok", "booked")
FAILED: Final = ("failed", "fail", "rejected", "cancelled", "canceled", "error", "void", "reversed")


def guess(opening: Opening, layout: Layout) -> Mapping:
    """Guess a whole mapping from the headings and the first rows."""
    columns = guess_columns(opening.headings)
    cells = {word: values_of(opening, heading) for word, heading in columns.items()}
    sign, grouping = guess_decimal_sign(cells.get(AMOUNT, []))
    return Mapping(
        columns=columns,
        layout=layout,
        decimal_sign=sign,
        grouping=grouping,
        is_signed=TYPE not in columns or any(value.strip().startswith(("-", "\u2212")) for value in cells[AMOUNT]),
        time_form=guess_time_form(cells.get(AT, [])),
        zone=settings.COMPANY_TIME_ZONE,
        words=guess_words(cells.get(TYPE, []), cells.get(STATUS, [])),
    )


def guess_columns(headings: Sequence[str]) -> dict[str, str]:
    """Give each of our words the heading that fits it best, no heading to two of them."""
    found: dict[str, str] = {}
    for word in COLUMNS:
        free = [heading for heading in headings if heading and heading not in found.values()]
        fitting = best_heading(free, HEADINGS[word])
        if fitting:
            found[word] = fitting
    return found


def best_heading(headings: Sequence[str], known: Iterable[str]) -> str:
    """The heading that is one of the known words, else one that holds one of them; empty where none does."""
    plain = {heading: heading.casefold().replace("_", " ").strip() for heading in headings}
    words = [word.replace("_", " ") for word in known]
    for word in words:
        for heading, text in plain.items():
            if text == word:
                return heading
    for word in words:
        for heading, text in plain.items():
            if word in text.split() or (" " in word and word in text):
                return heading
    return ""


def values_of(opening: Opening, heading: str) -> list[str]:
    place = opening.headings.index(heading)
    return [row[place].strip() for row in opening.rows if row[place].strip()]


def guess_decimal_sign(values: Sequence[str]) -> tuple[str, str]:
    """The decimal sign and the mark between thousands under which every amount can be read; the plainest first."""
    for sign, grouping in ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", "'")):
        if all(reads_as_amount(value, sign, grouping) for value in values):
            return sign, grouping
    return ".", ""


def reads_as_amount(value: str, sign: str, grouping: str) -> bool:
    try:
        amount_in(value, Mapping(columns={}, decimal_sign=sign, grouping=grouping, is_signed=True))
    except Unreadable:
        return False
    return True


def guess_time_form(values: Sequence[str]) -> str:
    """The form every time can be read in; the day before the month where both could be."""
    for form in TIME_FORMS:
        if all(reads_as_moment(value, form) for value in values):
            return form
    return ISO


def reads_as_moment(value: str, form: str) -> bool:
    try:
        moment_in(value, Mapping(columns={}, time_form=form))
    except Unreadable:
        return False
    return True


def guess_words(types: Sequence[str], statuses: Sequence[str]) -> Words:
    """Sort the words that stand in the first rows, and add those a ledger is likely to use beside them."""
    return Words(
        deposit=known_among(types, DEPOSIT) or ("deposit",),
        withdrawal=known_among(types, WITHDRAWAL) or ("withdrawal",),
        completed=known_among(statuses, COMPLETED) or ("completed",),
        failed=known_among(statuses, FAILED) or ("failed",),
    )


def known_among(values: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value.casefold() in known))
