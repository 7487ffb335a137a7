"""The report of a closing as a page, read from the bytes that were signed and from nothing else."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Proof
from backoffice.audit.models import Entry
from backoffice.reconciliation import pages
from backoffice.reconciliation.comparing.totals import AssetTotal
from backoffice.reconciliation.days import report as reports
from backoffice.reconciliation.days import wording
from backoffice.reconciliation.days.drift_page import count_of, cut_note, drift_rows
from backoffice.reconciliation.exceptions.naming import verdict_label
from backoffice.reconciliation.models import DayReport, ExceptionState, Resolution, Source
from backoffice.ui import times
from backoffice.ui.values import Amount, Check, CheckResult, Crumb, Fact, Link, Reference

#: Rows a page draws of a long list; the file has all of them.
SHOWN: Final = 200


def report_context(report: DayReport) -> dict[str, Any]:
    """Everything the page of a report draws."""
    content = reports.read(report)
    day = date.fromisoformat(content["day"])
    back = reverse("reconciliation:day", args=[day])
    return {
        "report": report,
        "day": day,
        "title": _("Close report of %(day)s") % {"day": wording.name_of(day)},
        "crumbs": [
            Crumb(_("Reconciliation"), reverse("reconciliation:days")),
            Crumb(day.isoformat(), back),
            Crumb(_("Closing %(n)s") % {"n": content["closing"]}),
        ],
        "checks": checks_of(report),
        "position": position_of(content),
        **sections_of(content),
    }


def sections_of(content: dict[str, Any]) -> dict[str, Any]:
    """Who and when, the runs, both sides, the exceptions and what was done, what is carried forward."""
    exceptions, carried = content["exceptions"], content["carried"]
    return {
        "signatures": signatures_of(content),
        "window": window_of(content),
        "runs": [run_row(one, content["run"]["run"]) for one in content["runs"]],
        "assets": [pages.asset_line(AssetTotal.from_json(kept)) for kept in content["totals"]],
        "exceptions": [exception_row(one) for one in exceptions[:SHOWN]],
        "exceptions_count": len(exceptions),
        "exceptions_more": max(len(exceptions) - SHOWN, 0),
        "carried": [carried_row(one) for one in carried[:SHOWN]],
        "carried_more": max(len(carried) - SHOWN, 0),
        "carried_sums": [sum_row(one) for one in content["carried_sums"]],
        "undecided": [undecided_row(one) for one in content["undecided"][:SHOWN]],
        "undecided_more": max(len(content["undecided"]) - SHOWN, 0),
    }


def reopening_preview(report: DayReport) -> dict[str, Any]:
    """What an approver sees of a reopening: what was signed, and what has changed since."""
    content = reports.read(report)
    day = report.day
    drifts = drift_rows(day) if day.version == report.version else []
    return {
        "kind_label": _("Reopening of a closed day"),
        "question": _("Reopen %(day)s?") % {"day": wording.name_of(day.date)},
        "report": report,
        "report_url": reverse("reconciliation:day_report", args=[day.date, report.version]),
        "drifts": drifts,
        "drift_note": cut_note(count_of(day, drifts), drifts),
        **sections_of(content),
    }


def window_of(content: dict[str, Any]) -> str:
    start, end = moment(content["window"]["from"]), moment(content["window"]["to"])
    said = {name: times.written(at, times.MomentStyle.SHORT) for name, at in (("start", start), ("end", end))}
    return _("%(start)s to %(end)s, half-open") % said


def signatures_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The three people, each with the moment, the factor and the words."""
    steps = ((_("Prepared"), "prepared"), (_("Reviewed"), "reviewed"), (_("Closed"), "closed"))
    return [
        {
            "step": label,
            "by": content[name]["by"],
            "at": moment(content[name]["at"]),
            "factor": Proof.Method(content[name]["factor"]).label if content[name].get("factor") else "",
            "note": content[name]["note"],
        }
        for label, name in steps
    ]


def run_row(run: dict[str, Any], signed: int) -> dict[str, Any]:
    return {
        "link": Link(_("Run %(n)s") % {"n": run["run"]}, reverse("reconciliation:run", args=[run["run"]])),
        "what": Source(run["source"]).label,
        "of": run["ledger"] or run["client"],
        "is_signed": run["run"] == signed,
        "is_complete": run["is_complete"],
        "by": run["by"] or _("Command line or schedule"),
        "at": moment(run["finished_at"]),
        "ours": run["ours"],
        "theirs": run["theirs"],
        "partner_total": run["partner_total"],
        "digest": run["digest"],
    }


def exception_row(one: dict[str, Any]) -> dict[str, Any]:
    """One exception with what was done about it."""
    return {
        "what": name_of(one),
        "verdict": verdict_label(one["verdict"]),
        "client": one["client"],
        "difference": amount(one["difference"], one["asset"], difference=True),
        "state": ExceptionState(one["state"]).label,
        "done": Resolution(one["resolution"]).label if one["resolution"] else "",
        "text": one["text"],
        "ticket": one["ticket"],
        "by": one["resolved_by"],
        "agreed_by": ", ".join(one.get("agreed_by", [])),
        "said": [line["text"] for line in one["said"] if line["text"] and line["text"] != one["text"]],
    }


def carried_row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "what": name_of(one),
        "verdict": verdict_label(one["verdict"]),
        "client": one["client"],
        "day": date.fromisoformat(one["day"]),
        "age": age_in_words(one["age_days"]),
        "difference": amount(one["difference"], one["asset"], difference=True),
        "done": Resolution(one["resolution"]).label if one["resolution"] else "",
        "text": one["text"],
        "ticket": one["ticket"],
    }


def sum_row(one: dict[str, Any]) -> dict[str, Any]:
    """One sum of what is carried forward; up to version 2 of the report a sum was of all comparisons."""
    return {
        "of": Source(one["source"]).label if "source" in one else _("All comparisons together"),
        "ledger": one.get("ledger", ""),
        "asset": one["asset"],
        "count": one["count"],
        "difference": amount(one["difference"], one["asset"], difference=True),
        "at_risk": amount(one["at_risk"], one["asset"]),
        "oldest": age_in_words(one["oldest_days"]),
    }


def undecided_row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "what": name_of(one),
        "verdict": verdict_label(one["verdict"]),
        "client": one["client"],
        "amount": amount(one["amount"], one["asset"]),
    }


def checks_of(report: DayReport) -> list[Check]:
    """Whether the bytes kept are those that were signed, and whether the audit log stands where the report says."""
    entry = Entry.objects.filter(number=report.entry_number).first()
    is_untouched, is_there = reports.is_untouched(report), entry is not None and entry.hash == report.entry_hash
    return [
        Check(
            _("The report has the digest that was signed"),
            CheckResult.PASSED if is_untouched else CheckResult.FAILED,
            "" if is_untouched else _("Its bytes were changed after it was signed. Tell an auditor."),
        ),
        Check(
            _("The audit log holds the entry it was signed at"),
            CheckResult.PASSED if is_there else CheckResult.FAILED,
            "" if is_there else _("The log has another entry there, or none. Verify the log."),
        ),
    ]


def position_of(content: dict[str, Any]) -> list[Fact]:
    """Where in the audit chain the report was made."""
    return [
        Fact(_("Newest entry"), f"{content['audit']['entry']:,}"),
        Fact(_("Its hash"), content["audit"]["hash"]),
    ]


def name_of(one: dict[str, Any]) -> Reference | str:
    if one["reference"]:
        return Reference(one["reference"])
    return _("Order %(id)s") % {"id": one["order"]} if one["order"] else str(one.get("key", ""))


def age_in_words(days: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def amount(text: str | None, asset: str, *, difference: bool = False) -> Amount | None:
    return None if text is None else Amount(Decimal(text), asset, difference=difference)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
