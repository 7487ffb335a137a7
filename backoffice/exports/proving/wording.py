"""What was found, in plain sentences."""

from typing import Final

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.exports.proving.comparing import Change, Comparison, Region
from backoffice.exports.proving.services import Finding, Verdict
from backoffice.exports.proving.standing import Standing
from backoffice.exports.proving.sums import SumNow
from backoffice.money import format_amount
from backoffice.ui.values import Badge, Meaning

MOST_NAMED: Final = 8
BADGES: Final = {
    Verdict.UNTOUCHED: Badge(gettext_lazy("Untouched"), Meaning.POSITIVE),
    Verdict.REWRAPPED: Badge(gettext_lazy("Saved again"), Meaning.WARNING),
    Verdict.ALTERED: Badge(gettext_lazy("Altered"), Meaning.NEGATIVE),
    Verdict.BROKEN_OFF: Badge(gettext_lazy("Broken off"), Meaning.WARNING),
    Verdict.NEVER_ISSUED: Badge(gettext_lazy("Never issued here"), Meaning.WARNING),
}


def sentences(finding: Finding) -> list[str]:
    """Say what the file is; the answer first, what follows from it after."""
    match finding.verdict:
        case Verdict.UNTOUCHED:
            return [_("This file is untouched: it is, byte for byte, what was issued here."), *renamed(finding)]
        case Verdict.REWRAPPED:
            first = _("Every row and every digit is as issued here; only how the file is saved was changed.")
            return [first, *wrapping(finding)]
        case Verdict.BROKEN_OFF:
            return [
                _("This file is the beginning of one that broke off on its way. It does not hold every row."),
                _("Export the list again."),
            ]
        case Verdict.NEVER_ISSUED:
            return never_issued(finding)
    return altered(finding)


def never_issued(finding: Finding) -> list[str]:
    said = [_("This file was never issued here: no manifest in the log has its digest, and none of its rows.")]
    if finding.shape.is_workbook:
        said = [_("No manifest in the log has the digest of this workbook, or its name.")]
        said.append(_("A workbook that was changed and renamed cannot be told from one that was never issued."))
    if finding.alike:
        said.append(
            _(
                "Its columns are those of an export of ours, though. Where a spreadsheet program saved it, give it"
                " the name it was issued under, and verify it again."
            )
        )
    return said


def altered(finding: Finding) -> list[str]:
    if finding.is_by_name:
        return [
            _("A file of this name was issued here, and this is not it: its bytes are others."),
            _("Which part of it was changed cannot be told: only CSV files keep a mark of every row."),
        ]
    return [
        _("This file was issued here and changed afterwards."),
        *rows_said(finding),
        *sums_said(finding),
        *wrapping(finding),
    ]


def renamed(finding: Finding) -> list[str]:
    """Say what the file was called, where it is called otherwise now."""
    names = {one.file for one in finding.issued}
    if finding.file.name in names or finding.manifest is None:
        return []
    return [_("It was called %(name)s when it was issued.") % {"name": finding.manifest.file}]


def wrapping(finding: Finding) -> list[str]:
    """Say how the file was saved again, as far as its bytes tell."""
    shape, manifest = finding.shape, finding.manifest
    if manifest is None or not manifest.columns:
        return []
    said = []
    if shape.has_bom and not manifest.has_bom:
        said.append(_("A byte order mark was put in front, as Excel does when it saves CSV UTF-8."))
    if manifest.has_bom and not shape.has_bom:
        said.append(_("The byte order mark in front was taken away."))
    if shape.has_carriage_returns:
        said.append(_("The line ends were changed from LF to CR LF, as Excel and other programs on Windows do."))
    if shape.separator != "," and len(manifest.columns) > 1:
        said.append(
            _("The commas between the cells were changed to another separator, as Excel does in some countries.")
        )
    if not shape.ends_its_last_line:
        said.append(_("The line feed at its end was taken away."))
    return said


def rows_said(finding: Finding) -> list[str]:
    said = [_("The heading is not the one issued.")] if finding.has_other_heading else []
    comparison, manifest = finding.comparison, finding.manifest
    if comparison is None or manifest is None:
        return said
    every_one = comparison.change is Change.ROWS and comparison.count == manifest.rows
    if every_one and comparison.count > 1:
        said.append(_("No row is as it was issued, as after a spreadsheet program has saved the file."))
        if finding.sums and not any(one.difference for one in finding.sums):
            said.append(_("It has as many rows, and they add up to the same sums."))
        return said
    return [*said, change_said(comparison)]


def change_said(comparison: Comparison) -> str:
    """Say what happened to the rows."""
    there = comparison.issued
    here = comparison.regions[0] if comparison.regions else None
    match comparison.change:
        case Change.NONE:
            return _("All rows are as issued; the difference is outside of them.")
        case Change.UNSEEN:
            return _("No mark of a row differs, yet bytes do: somebody may have made it so.")
        case Change.ORDER:
            return _("The marks of the rows are the ones issued, in another order.")
        case Change.ADDED if here:
            return added_said(here)
        case Change.REMOVED if there:
            return removed_said(there)
        case Change.REPLACED if here and there:
            return _("Where %(issued)s stood, %(now)s stand now.") % {"issued": span(there), "now": span(here)}
    return differing_said(comparison)


def added_said(here: Region) -> str:
    said = ngettext("%(count)s row was added: %(rows)s.", "%(count)s rows were added: %(rows)s.", here.count)
    return said % {"count": f"{here.count:,}", "rows": span(here)}


def removed_said(there: Region) -> str:
    said = ngettext(
        "%(count)s row was removed: %(rows)s of the file that was issued.",
        "%(count)s rows were removed: %(rows)s of the file that was issued.",
        there.count,
    )
    return said % {"count": f"{there.count:,}", "rows": span(there)}


def differing_said(comparison: Comparison) -> str:
    if comparison.count == 1:
        return _("Row %(row)s differs.") % {"row": f"{comparison.regions[0].first:,}"}
    named = [span(region) for region in comparison.regions[:MOST_NAMED]]
    said = {"count": f"{comparison.count:,}", "rows": get_text_list(named, _("and"))}
    if len(comparison.regions) > MOST_NAMED:
        said["rows"] = ", ".join(named)
        return _("%(count)s rows differ: %(rows)s and more further down.") % said
    return _("%(count)s rows differ: %(rows)s.") % said


def span(region: Region) -> str:
    """Name rows that follow each other."""
    if region.count == 1:
        return _("row %(row)s") % {"row": f"{region.first:,}"}
    return _("rows %(first)s to %(last)s") % {"first": f"{region.first:,}", "last": f"{region.last:,}"}


def sums_said(finding: Finding) -> list[str]:
    if finding.unreadable_row:
        said = _("Its amounts cannot be added up: row %(row)s cannot be read.")
        return [said % {"row": f"{finding.unreadable_row:,}"}]
    return [sum_said(one) for one in finding.sums if one.difference][:MOST_NAMED]


def sum_said(one: SumNow) -> str:
    said = {"asset": one.asset or _("nameless"), "amount": format_amount(one.difference.copy_abs())}
    if one.difference > 0:
        return _("The %(asset)s sum is %(amount)s too high.") % said
    return _("The %(asset)s sum is %(amount)s too low.") % said


def entry_said(standing: Standing) -> str:
    """Say whether the manifest itself can be relied on."""
    match standing:
        case Standing.NOT_AS_WRITTEN:
            return _("The entry itself is not what was written: verify the audit log.")
        case Standing.SEALED:
            return _("sealed, intact")
        case Standing.SEALED_SOON:
            return _("intact, sealed within five minutes")
    return _("intact, not sealed")
