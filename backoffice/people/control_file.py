"""The control report as a CSV, written down in the audit log like every export.

Its rows are worked out, not stored, so that no COPY can write them; the cells obey the same rules (security.md §4).
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from django.http import HttpResponse
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals.control import Alone, Line, Pair, report, snapshot_now, words
from backoffice.approvals.matching import live_version
from backoffice.exports.csv import defuse
from backoffice.exports.reports import write_down_report
from backoffice.money import to_plain

NAME: Final = "who-could-move-money"
HEADER: Final = (
    "part",
    "who",
    "with",
    "act",
    "asset",
    "at_least",
    "below",
    "day_limit",
    "client_or_group",
    "who_asks",
    "who_decides",
    "people_needed",
    "rule",
    "rules_version",
    "possible_today",
)
Cell = str | int | Decimal | None


def answer(*, by: Person) -> HttpResponse:
    """Write the file and its manifest, then answer: a file that the log does not know never leaves."""
    lines = [_line(row).encode() for row in (HEADER, *rows())]
    file = f"{NAME}-{timezone.now():%Y%m%dT%H%M%S.%fZ}.csv"
    write_down_report(export=NAME, file=file, headings=HEADER, lines=lines, by=by)
    response = HttpResponse(b"".join(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    return response


def rows() -> Iterator[tuple[Cell, ...]]:
    """Give the whole report: every act, then every person, then every two."""
    made, version = report(snapshot_now()), live_version()
    for line in made.lines:
        yield _act_row(line, version)
    for alone in made.alone:
        yield from _alone_rows(alone, version)
    for pair in made.pairs:
        yield from _pair_rows(pair, version)


def _act_row(line: Line, version: int) -> tuple[Cell, ...]:
    act = line.act
    return (
        "act",
        "",
        "",
        str(act.kind),
        act.asset,
        act.at_least,
        act.below,
        act.day_limit,
        act.whom.client or act.whom.group,
        words.names(line.askers),
        words.names(line.deciders),
        act.people_needed,
        act.rule.name if act.rule else "",
        version,
        words.possible(line),
    )


def _alone_rows(alone: Alone, version: int) -> Iterator[tuple[Cell, ...]]:
    """Give a row for every way, and one that says that there is none."""
    for act in alone.acts:
        band = (str(act.kind), act.asset, act.at_least, act.below, act.day_limit)
        yield ("alone", alone.person.name, "", *band, "", "", "", 0, "", version, "")
    if not alone.acts:
        yield ("alone", alone.person.name, "", "nothing", "", None, None, None, "", "", "", None, "", version, "")


def _pair_rows(pair: Pair, version: int) -> Iterator[tuple[Cell, ...]]:
    for act in pair.acts:
        band = (str(act.kind), act.asset, act.at_least, act.below, act.day_limit)
        rule = act.rule.name if act.rule else ""
        yield ("pair", pair.first.name, pair.second.name, *band, "", "", "", act.people_needed, rule, version, "")
    if pair.through_account:
        everything = ("everything, by inviting people", "", None, None, None)
        yield ("pair", pair.first.name, pair.second.name, *everything, "", "", "", None, "", version, "")


def _line(row: tuple[Cell, ...]) -> str:
    return ",".join(_cell(value) for value in row) + "\n"


def _cell(value: Cell) -> str:
    """Write text quoted and defused, numbers plain, and nothing where there is nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + defuse(value).replace('"', '""') + '"'
    return to_plain(value) if isinstance(value, Decimal) else str(value)
