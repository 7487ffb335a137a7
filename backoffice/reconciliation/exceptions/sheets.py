"""Sheets: the worklist taken outside, annotated there, and read back whole or not at all.

A row names its exception by ``id`` and may fill in ``new_owner`` (an e-mail address or "nobody"), ``new_severity``,
``note``, ``carry`` (why), and ``ticket`` with ``raised`` (what the partner was told). The other columns are for the
eyes and are not read, so nobody edits an amount. Ends that need a second person are asked for on the page.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.core import signing
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.reconciliation.exceptions.acts import NOBODY
from backoffice.reconciliation.exceptions.forms import LONGEST_TEXT, LONGEST_TICKET
from backoffice.reconciliation.exceptions.policies import why_not_settle, why_not_work
from backoffice.reconciliation.exceptions.queries import workers
from backoffice.reconciliation.models import ExceptionItem, Severity

BLANKS: Final = ("new_owner", "new_severity", "note", "carry", "ticket", "raised")
MOST_ROWS: Final = 500
LARGEST: Final = 1024 * 1024
KEPT_FOR_SECONDS: Final = 30 * 60
_SALT: Final = "backoffice.reconciliation.sheet"


class UnreadableSheet(Exception):
    """The file as a whole cannot be read. The text is a sentence that says how to save it instead."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one line; the header is line 1."""

    line: int
    column: str
    sentence: str


@dataclass(frozen=True)
class Change:
    """What one line wants done to one exception. Nothing is empty text; ``owner`` is an e-mail address or nobody."""

    item_id: int
    owner: str = ""
    severity: str = ""
    note: str = ""
    carry: str = ""
    ticket: str = ""
    raised: str = ""

    @property
    def is_empty(self) -> bool:
        return not any((self.owner, self.severity, self.note, self.carry, self.ticket, self.raised))


@dataclass
class Sheet:
    """The changes of a file, and everything that is wrong with it: with one fault nothing is applied."""

    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read(content: bytes) -> Sheet:
    """Read a sheet that came back, and check every line against what stands now.

    :raises UnreadableSheet: when it is no CSV file of ours.
    """
    rows = list(rows_in(text_of(content)))
    sheet = Sheet()
    known = {item.pk: item for item in ExceptionItem.objects.filter(pk__in=[one for _line, one, _row in rows if one])}
    owners = {person.email for person in workers()}
    for line, item_id, row in rows:
        take_row(sheet, line, known.get(item_id or 0), row, owners)
    return sheet


def text_of(content: bytes) -> str:
    if len(content) > LARGEST:
        raise UnreadableSheet(_("The file is larger than 1 MB. Send fewer rows at a time."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sentence = _("The file is not UTF-8 text. In Excel choose Save As, then “CSV UTF-8 (Comma delimited)”.")
        raise UnreadableSheet(sentence) from error
    if "\x00" in text:
        raise UnreadableSheet(_("This is no CSV file. Save the sheet as CSV UTF-8 and upload it again."))
    return text


def rows_in(text: str) -> Iterator[tuple[int, int | None, dict[str, str]]]:
    """Give each line with its number and the exception it names; blank lines are left out.

    :raises UnreadableSheet: for a header without what is needed, for too many lines, for a quote left open.
    """
    header = text.split("\n", 1)[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ",", strict=True
    )
    check_header(reader)
    count = 0
    try:
        for row in reader:
            if not any(value for value in row.values() if isinstance(value, str)):
                continue
            count += 1
            if count > MOST_ROWS:
                raise UnreadableSheet(_("The file has more than %(most)s rows. Split it.") % {"most": MOST_ROWS})
            cells = {name: (row.get(name) or "").strip() for name in ("id", *BLANKS)}
            yield reader.line_num, number_in(cells["id"]), cells
    except csv.Error as error:
        sentence = _("Line %(line)d cannot be read: a quote is left open, or stands where none may.")
        raise UnreadableSheet(sentence % {"line": reader.line_num}) from error


def check_header(reader: Any) -> None:
    """Refuse a file whose columns are not those of a sheet."""
    try:
        names = list(reader.fieldnames or [])
    except csv.Error as error:
        raise UnreadableSheet(_("The first line cannot be read. Download a sheet and begin with it.")) from error
    missing = [name for name in ("id", *BLANKS) if names.count(name) != 1]
    if missing:
        sentence = _("The column %(name)s is missing or there twice. Download a sheet and begin with it.")
        raise UnreadableSheet(sentence % {"name": missing[0]})


def number_in(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def take_row(sheet: Sheet, line: int, item: ExceptionItem | None, cells: dict[str, str], owners: set[str]) -> None:
    """Add what a line wants, or what is wrong with it."""
    said = {name: cells[name].strip() for name in BLANKS}
    if item is None:
        sheet.faults.append(Fault(line, "id", _("There is no exception %(id)s.") % {"id": cells["id"] or "–"}))
        return
    if any(change.item_id == item.pk for change in sheet.changes):
        sheet.faults.append(Fault(line, "id", _("Exception %(id)s is there twice.") % {"id": item.pk}))
        return
    faults = [Fault(line, column, sentence) for column, sentence in wrong_with(item, said, owners) if sentence]
    sheet.faults += faults
    change = change_of(item.pk, said)
    if not faults and not change.is_empty:
        sheet.changes.append(change)


def wrong_with(item: ExceptionItem, said: dict[str, str], owners: set[str]) -> Iterator[tuple[str, str]]:
    """Say what cannot be done, column by column; empty sentences where something can."""
    if said["new_owner"] and said["new_owner"].casefold() not in {*owners, NOBODY}:
        yield "new_owner", _("Nobody who works exceptions has the address %(text)s.") % {"text": said["new_owner"][:80]}
    if said["new_severity"] and said["new_severity"].casefold() not in Severity.values:
        yield "new_severity", _("Write low, medium or high, not “%(text)s”.") % {"text": said["new_severity"][:20]}
    if said["new_owner"] or said["new_severity"]:
        yield "id", why_not_work(item)
    if said["carry"] or said["ticket"]:
        yield "id", why_not_settle(item)
    yield from wrong_with_words(said)


def wrong_with_words(said: dict[str, str]) -> Iterator[tuple[str, str]]:
    if said["carry"] and said["ticket"]:
        yield (
            "carry",
            _("It is carried forward either as a matter of timing or under a ticket: fill in one of the two."),
        )
    if bool(said["ticket"]) != bool(said["raised"]):
        yield "ticket", _("A ticket and what the partner was told go together: fill in both ticket and raised.")
    for name, most in (("note", LONGEST_TEXT), ("carry", LONGEST_TEXT), ("raised", LONGEST_TEXT)):
        if len(said[name]) > most:
            yield name, _("It is longer than %(most)s characters.") % {"most": f"{most:,}"}
    if len(said["ticket"]) > LONGEST_TICKET:
        yield "ticket", _("It is longer than %(most)s characters.") % {"most": LONGEST_TICKET}


def change_of(item_id: int, said: dict[str, str]) -> Change:
    return Change(
        item_id,
        owner=said["new_owner"].casefold(),
        severity=said["new_severity"].casefold(),
        note=said["note"],
        carry=said["carry"],
        ticket=said["ticket"],
        raised=said["raised"],
    )


def sealed(changes: Sequence[Change], person: Person) -> str:
    """Return what was shown to ``person``, signed: exactly that is applied, by nobody else."""
    rows = [list(vars(one).values()) for one in changes]
    return signing.dumps([person.pk, rows], salt=_SALT, compress=True)


def unsealed(text: str, person: Person) -> list[Change] | None:
    """Return what `sealed` wrote for ``person``; None for anything else, and for what was shown too long ago."""
    try:
        pk, rows = signing.loads(text, salt=_SALT, max_age=KEPT_FOR_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return [Change(*row) for row in rows] if pk == person.pk else None
