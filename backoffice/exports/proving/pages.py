"""What the page for verifying a file shows, as display values."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from backoffice.exports.jobs.columns import title_named
from backoffice.exports.proving.comparing import Change
from backoffice.exports.proving.issued import Issued, takings
from backoffice.exports.proving.services import Finding, Row, Verdict
from backoffice.exports.proving.shapes import cells_of
from backoffice.exports.proving.standing import Standing, standing_of
from backoffice.exports.proving.wording import BADGES, entry_said, sentences
from backoffice.exports.wording import filter_label, format_label
from backoffice.ui.values import Amount, CheckResult, Crumb, Fact, Lines, Link, Person

MOST_TAKINGS: Final = 20
NOTHING: Final = "\N{EN DASH}"


@dataclass(frozen=True)
class Test:
    """One line of the comparison: what was issued, what this file has."""

    text: str
    result: CheckResult
    issued: object = NOTHING
    now: object = NOTHING
    difference: object = NOTHING
    sub: str = ""
    is_digest: bool = False

    @property
    def is_bad(self) -> bool:
        return self.result == CheckResult.FAILED


@dataclass(frozen=True)
class Cell:
    """One cell of a row that differs: its heading, what was issued where that can be told, what stands there now."""

    row: int
    line: int
    heading: str
    issued: str | None
    now: str


def form_context() -> dict[str, Any]:
    """What the page draws before a file was chosen."""
    return {
        "title": _("Verify a file"),
        "crumbs": [Crumb(_("Exports"), reverse("exports:list")), Crumb(_("Verify a file"))],
    }


def found_context(finding: Finding) -> dict[str, Any]:
    """What the page draws of a file."""
    said = sentences(finding)
    manifest = finding.manifest
    context = {
        "finding": finding,
        "file_name": finding.file.name,
        "badge": BADGES[finding.verdict],
        "answer": said[0],
        "more": said[1:],
        "tests": [],
        "written_down": reverse("audit:entry", args=[finding.entry.number]) if finding.entry else "",
    }
    if manifest is None:
        return context
    return {
        **context,
        "tests": tests_of(finding, manifest, standing_of(manifest.entry)),
        "cells": cells_that_differ(finding),
        "not_shown": max(0, finding.comparison.count - len(finding.changed)) if finding.comparison else 0,
        "is_restored": any(row.issued is not None for row in finding.changed),
        "facts": facts_of(finding, manifest),
        "takings": takings_of(manifest),
    }


def tests_of(finding: Finding, manifest: Issued, standing: Standing) -> list[Test]:
    """What was compared, in the order in which it counts."""
    same = finding.verdict in (Verdict.UNTOUCHED, Verdict.BROKEN_OFF)
    number = _("entry %(number)s") % {"number": manifest.entry.number_text}
    kept = passed(standing is not Standing.NOT_AS_WRITTEN)
    tests = [Test(_("Manifest found"), kept, number, sub=entry_said(standing))]
    if manifest.columns and not finding.is_by_name:
        tests.append(columns_test(finding, manifest))
    if finding.rows is not None and manifest.rows is not None and not finding.is_by_name:
        tests.append(rows_test(finding.rows, manifest.rows))
    digests = (short(manifest.sha256), short(finding.file.sha256))
    digest = Test(
        _("Digest of the whole file"), passed(same), *digests, NOTHING if same else _("differs"), is_digest=True
    )
    return [*tests, digest, *(sum_test(one, manifest) for one in finding.sums)]


def columns_test(finding: Finding, manifest: Issued) -> Test:
    now = manifest.columns if finding.verdict is Verdict.UNTOUCHED else finding.shape.cells
    return Test(
        _("Columns and their order"), passed(now == manifest.columns), str(len(manifest.columns)), str(len(now))
    )


def rows_test(now: int, issued: int) -> Test:
    difference = now - issued
    return Test(_("Rows"), passed(not difference), f"{issued:,}", f"{now:,}", signed(difference))


def sum_test(one: Any, manifest: Issued) -> Test:
    text = _("Sum of %(column)s, %(asset)s") % {"column": manifest.summed[0], "asset": one.asset or NOTHING}
    amounts = (Amount(one.issued, one.asset), Amount(one.found, one.asset))
    return Test(text, passed(not one.difference), *amounts, Amount(one.difference, one.asset, difference=True))


def passed(is_so: bool) -> CheckResult:
    return CheckResult.PASSED if is_so else CheckResult.FAILED


def signed(number: int) -> str:
    return f"{number:+,}".replace("-", "\N{MINUS SIGN}") if number else "0"


def short(digest: str) -> str:
    return f"{digest[:4]}…{digest[-4:]}" if digest else NOTHING


def cells_that_differ(finding: Finding) -> list[Cell]:
    """Give the cells that were changed, or the whole row where they cannot be told."""
    if finding.comparison is None or finding.comparison.change is Change.ORDER:
        return []
    return [cell for row in finding.changed for cell in cells_in(row, finding)]


def cells_in(row: Row, finding: Finding) -> list[Cell]:
    now = cells_of(row.now, finding.shape.separator)
    before = cells_of(row.issued, finding.shape.separator) if row.issued is not None else ()
    headings = finding.shape.cells
    if not len(headings) == len(now) == len(before):
        shown = as_text(row.issued, before) if row.issued is not None else None
        return [Cell(row.number, row.line, "", shown, as_text(row.now, now))]
    pairs = zip(headings, before, now, strict=True)
    return [Cell(row.number, row.line, heading, was, is_now) for heading, was, is_now in pairs if was != is_now]


def as_text(row: bytes, cells: tuple[str, ...]) -> str:
    """Give what stands in a row, its bytes where it cannot be read as cells."""
    return " · ".join(cell for cell in cells if cell) or row.decode("utf-8", "replace")


def facts_of(finding: Finding, manifest: Issued) -> list[Fact]:
    """What the log has of the file."""
    said, entry = manifest.said, manifest.entry
    return [
        Fact(_("File"), manifest.file or NOTHING),
        Fact(_("List"), title_named(str(said.get("export", "")))),
        Fact(_("By"), Person(manifest.who, entry.role_label) if entry.person_id else manifest.who),
        Fact(_("At"), entry.at),
        Fact(_("Filter"), filter_label(str(said.get("export", "")), str(said.get("filter", "")))),
        Fact(_("As of"), parse_datetime(str(said.get("as_of", ""))) or entry.at),
        Fact(_("Format"), format_label(str(said.get("format", "")))),
        Fact(_("Rows"), NOTHING if manifest.rows is None else f"{manifest.rows:,}"),
        Fact(_("Entry"), Link(entry.number_text, reverse("audit:entry", args=[entry.number]))),
        *([Fact(_("Issued so"), times(len(finding.issued)))] if len(finding.issued) > 1 else []),
    ]


def times(count: int) -> Lines:
    return Lines(_("%(count)s times") % {"count": f"{count:,}"}, _("The same rows were exported again."))


def takings_of(manifest: Issued) -> list[dict[str, Any]]:
    """Who was given these bytes, and when."""
    found = takings(manifest.sha256)
    return [
        {"who": Person(entry.who, entry.role_label), "at": entry.at, "how": how(entry.event, entry.after)}
        for entry in found[:MOST_TAKINGS]
    ]


def how(event: str, said: Collection[str]) -> str:
    """Say in which way a file was given."""
    if event == "schedule.delivered":
        return _("Delivered by a schedule")
    if event == "export.fetched":
        return _("Went on with a download") if "first_byte" in said else _("Downloaded")
    return _("Built by a worker") if "job" in said else _("Exported")
