"""What the pages of the ledgers show."""

from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.funding.bulk.pages import faults_context as bulk_faults
from backoffice.funding.bulk.reading import Fault, UnreadableFile
from backoffice.reconciliation import policies
from backoffice.reconciliation.ledger import queries
from backoffice.reconciliation.ledger.columns import badge_of, signed
from backoffice.reconciliation.ledger.forms import MappingForm, WithdrawForm, column_name
from backoffice.reconciliation.ledger.mapping import COLUMNS, LABELS, Mapping
from backoffice.reconciliation.ledger.reading import MOST_ROWS, Layout, Opening, opening_of
from backoffice.reconciliation.ledger.sums import Total
from backoffice.reconciliation.models import FileState, LedgerEntry, LedgerFile, LedgerSource
from backoffice.ui import times
from backoffice.ui.text import visible
from backoffice.ui.values import Amount, Crumb, Fact, Reference

FIRST_ROWS: Final = 20


@dataclass(frozen=True)
class AssetLine:
    """What a file adds up to in one asset."""

    total: Total

    @property
    def deposited(self) -> Amount:
        return Amount(self.total.deposited, self.total.asset)

    @property
    def withdrawn(self) -> Amount:
        return Amount(self.total.net_of_withdrawals, self.total.asset)

    @property
    def net(self) -> Amount:
        return Amount(self.total.net, self.total.asset)


@dataclass(frozen=True)
class EntryLine:
    """One line of a file as its page draws it."""

    entry: LedgerEntry

    @property
    def amount(self) -> Amount:
        return Amount(signed(self.entry), self.entry.asset_id, quiet=self.entry.status != "completed")


def crumbs(*further: Crumb) -> list[Crumb]:
    """The way to a page of the ledgers."""
    top = Crumb(_("Reconciliation"), reverse("reconciliation:days"))
    return [top, Crumb(_("Ledgers"), reverse("reconciliation:ledgers")), *further]


def source_crumb(source: LedgerSource) -> Crumb:
    return Crumb(visible(source.name, 60), f"{reverse('reconciliation:ledgers')}?ledger={source.pk}")


def mapping_context(source: LedgerSource, form: MappingForm, opening: Opening | None) -> dict[str, Any]:
    """What the page that maps the columns of a ledger shows: the first rows of its newest file, over the form."""
    return {
        "source": source,
        "form": form,
        "is_new": not source.columns,
        "headings": headed(opening, form) if opening else [],
        "rows": opening.rows if opening else [],
        "sample_name": queries.sample_of(source)[0],
        "crumbs": crumbs(source_crumb(source), Crumb(_("Columns"))),
    }


def headed(opening: Opening, form: MappingForm) -> list[tuple[str, str]]:
    """Each heading with the word of ours that the form reads from it, empty where there is none."""
    chosen = {form[column_name(word)].value(): str(LABELS[word]) for word in COLUMNS}
    return [(heading, chosen.get(heading, "")) for heading in opening.headings]


def opening_or_none(source: LedgerSource, layout: Layout) -> tuple[Opening | None, str]:
    """The first rows of the ledger's newest file, cut by a layout, or the sentence that says why not."""
    try:
        return opening_of(queries.sample_of(source)[1], layout), ""
    except UnreadableFile as error:
        return None, str(error)


def upload_context(source: LedgerSource) -> dict[str, Any]:
    """What the page that takes a file shows beside its form."""
    mapping = Mapping.from_json(source.columns, source.reading)
    return {
        "source": source,
        "crumbs": crumbs(source_crumb(source), Crumb(_("Upload"))),
        "most_rows": f"{MOST_ROWS:,}",
        "columns": columns_in_words(mapping),
    }


def columns_in_words(mapping: Mapping) -> list[Fact]:
    """Which heading each of our words is read from, and how values are written."""
    columns = [Fact(LABELS[word], visible(mapping.columns[word], 60)) for word in COLUMNS if word in mapping.columns]
    fixed = [Fact(LABELS["asset"], mapping.asset)] if mapping.asset else []
    zone = _("%(form)s, in %(zone)s") % {"form": mapping.time_form.upper(), "zone": mapping.zone}
    sign = _("Comma") if mapping.decimal_sign == "," else _("Point")
    return [*columns, *fixed, Fact(_("Times"), zone), Fact(_("Decimal sign"), sign)]


def faults_context(faults: list[Fault]) -> dict[str, Any]:
    """The first faults, each under the word of its column, and how many there are beside them."""
    named = [Fault(one.line, str(LABELS.get(one.column, one.column)), one.typed, one.sentence) for one in faults]
    return bulk_faults(named)


def file_context(file: LedgerFile, person: Person, form: WithdrawForm | None = None) -> dict[str, Any]:
    """Everything the page of one file shows to ``person``."""
    can_settle = policies.can_reconcile(person)
    return {
        "file": file,
        "crumbs": crumbs(source_crumb(file.source), Crumb(visible(file.name, 60))),
        "badge": badge_of(file),
        "assets": [AssetLine(Total.from_json(kept)) for kept in file.totals],
        "failed": sum(kept["failed"] for kept in file.totals),
        "facts": facts_of(file),
        "columns": columns_in_words(Mapping.from_json(file.read_with["columns"], file.read_with["reading"])),
        "rows": [EntryLine(entry) for entry in queries.first_entries(file, FIRST_ROWS)],
        "more_rows": max(0, file.row_count - FIRST_ROWS),
        "entries_url": entries_url(file),
        "same_name": queries.same_name_before(file) if file.state == FileState.CHECKED else None,
        "can_accept": can_settle and file.state == FileState.CHECKED,
        "can_withdraw": can_settle and file.state == FileState.ACCEPTED,
        "form": form or WithdrawForm(),
        "is_counting": file.state == FileState.ACCEPTED,
    }


def entries_url(file: LedgerFile) -> str:
    """The list of a file's entries; of a file that counts no more, which the list leaves out, by its state."""
    state = "" if file.state == FileState.ACCEPTED else f"&file_state={file.state}"
    return f"{reverse('reconciliation:ledger_entries')}?file={file.pk}{state}"


def facts_of(file: LedgerFile) -> list[Fact]:
    facts = [
        Fact(_("Ledger"), visible(file.source.name, 80)),
        Fact(_("Lines"), file.row_count),
        Fact(_("Booked from"), file.first_at),
        Fact(_("Booked to"), file.last_at),
        Fact(_("Uploaded by"), file.uploaded_by.name),
        Fact(_("Uploaded"), file.uploaded_at),
        Fact(_("Digest"), Reference(f"{file.digest[:8]}…{file.digest[-4:]}")),
    ]
    if file.withdrawn_by is not None:
        facts += [Fact(_("Withdrawn by"), file.withdrawn_by.name), Fact(_("Withdrawn"), file.withdrawn_at)]
    return facts


def what_became_of(file: LedgerFile) -> str:
    """Say that these very bytes stand in the ledger already."""
    outcome = {
        FileState.CHECKED: _("It is still to be accepted."),
        FileState.ACCEPTED: _("It counts already."),
    }[FileState(file.state)]
    uploaded = _("This very file was uploaded before, by %(name)s on %(when)s.") % {
        "name": file.uploaded_by.name,
        "when": times.written(file.uploaded_at, times.MomentStyle.SHORT),
    }
    nothing = _("Nothing was stored again.")
    return f"{uploaded} {outcome} {nothing}"


def lines_in_words(count: int) -> str:
    return ngettext("%(n)s line", "%(n)s lines", count) % {"n": f"{count:,}"}
