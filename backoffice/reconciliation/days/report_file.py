"""The report of a closing as CSV: one line for each thing it says, text made safe for spreadsheets, amounts plain."""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from backoffice.accounts.models import Person
from backoffice.audit.services import record
from backoffice.exports.csv import defuse
from backoffice.exports.tally import Tally
from backoffice.reconciliation.days import report as reports
from backoffice.reconciliation.models import DayReport

COLUMNS: Final = (
    "section",
    "item",
    "verdict",
    "client",
    "reference",
    "order_id",
    "asset",
    "ours_count",
    "ours_net",
    "theirs_count",
    "theirs_net",
    "difference",
    "at_risk",
    "state",
    "resolution",
    "text",
    "ticket",
    "person",
    "agreed_by",
    "at",
    "age_days",
    "value",
)
#: Columns of numbers: nothing is put before their sign.
NUMBERS: Final = frozenset(
    {"order_id", "ours_count", "ours_net", "theirs_count", "theirs_net", "difference", "at_risk", "age_days"}
)

Line = dict[str, Any]


def csv_of(report: DayReport) -> bytes:
    """Write a report as CSV, UTF-8, times in UTC as they were signed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines_of(report):
        writer.writerow([cell(name, line.get(name)) for name in COLUMNS])
    return out.getvalue().encode()


def cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    return str(value) if name in NUMBERS else defuse(str(value))


def lines_of(report: DayReport) -> Iterator[Line]:
    """Every line of the file, section by section."""
    content = reports.read(report)
    yield from facts(report, content)
    for step in ("prepared", "reviewed", "closed"):
        one = content[step]
        person = {"person": one["by"], "at": one["at"], "text": one["note"], "value": one.get("factor", "")}
        yield {"section": "signature", "item": step, **person}
    yield from (run_line(one) for one in content["runs"])
    for one in content["totals"]:
        yield {"section": "total", "item": one["asset"], **{name: one.get(name) for name in COLUMNS if name in one}}
    yield from (exception_line(one) for one in content["exceptions"])
    yield from (carried_line(one) for one in content["carried"])
    yield from (carried_sum_line(one) for one in content["carried_sums"])
    for one in content["undecided"]:
        yield {
            "section": "undecided",
            "item": one["reference"],
            "value": one["amount"],
            "order_id": one["order"],
            **kept(one),
        }


def facts(report: DayReport, content: dict[str, Any]) -> Iterator[Line]:
    said = {
        "day": content["day"],
        "zone": content["zone"],
        "closing": content["closing"],
        "from": content["window"]["from"],
        "to": content["window"]["to"],
        "report_sha256": report.digest,
        "audit_entry": content["audit"]["entry"],
        "audit_hash": content["audit"]["hash"],
    }
    return ({"section": "report", "item": name, "value": value} for name, value in said.items())


def run_line(one: dict[str, Any]) -> Line:
    return {
        "section": "run",
        "item": one["run"],
        "state": "complete" if one["is_complete"] else "partial",
        "client": one["client"],
        "ours_count": one["ours"],
        "theirs_count": one["theirs"],
        "person": one["by"],
        "at": one["finished_at"],
        "text": one["ledger"] or one["source"],
        "value": one["digest"],
    }


def exception_line(one: dict[str, Any]) -> Line:
    said = " | ".join(line["text"] for line in one["said"] if line["text"])
    done = {"state": one["state"], "person": one["resolved_by"], "at": one["ended_at"], "value": said}
    done["agreed_by"] = ", ".join(one.get("agreed_by", []))
    return {"section": "exception", "item": one["key"], "order_id": one["order"], **kept(one), **done}


def carried_sum_line(one: dict[str, Any]) -> Line:
    """One sum of what is carried forward, with what was compared; up to version 2 a sum was of all comparisons."""
    amounts = {"difference": one["difference"], "at_risk": one["at_risk"], "age_days": one["oldest_days"]}
    compared = one.get("ledger") or one.get("source", "")
    named = {"item": one["asset"], "asset": one["asset"], "text": compared, "value": one["count"]}
    return {"section": "carried_sum", **named, **amounts}


def carried_line(one: dict[str, Any]) -> Line:
    return {"section": "carried", "item": one["key"], "order_id": one["order"], "at": one["day"], **kept(one)}


def kept(one: dict[str, Any]) -> Line:
    """The columns a line of the report has under the same name."""
    return {name: one[name] for name in COLUMNS if name in one and name not in ("order_id", "at", "state")}


def write_down(report: DayReport, name: str, content: bytes, *, by: Person) -> None:
    """Put the download into the audit log as any export, so that the file can be verified later."""
    tally = Tally()
    tally.count(content)
    after = {
        "export": "day-report",
        "file": name,
        "filter": f"day={report.day_id.isoformat()}&closing={report.version}",
        "rows": max(content.count(b"\r\n") - 1, 0) if name.endswith(".csv") else 1,
        "bytes": tally.size,
        "sha256": tally.sha256,
    }
    record("export.made", by=by, obj=report.day, after=after)
