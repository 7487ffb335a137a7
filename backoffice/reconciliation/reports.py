"""The lists of the reconciliation that people take away as files."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from backoffice.exports import registry as exports
from backoffice.exports.registry import Export, Sums
from backoffice.exports.wishes import Wish
from backoffice.reconciliation import policies, queries
from backoffice.reconciliation.balances.queries import all_proofs
from backoffice.reconciliation.bitnob.queries import newest_findings
from backoffice.reconciliation.exceptions.listing import SHEET, WORKLIST
from backoffice.reconciliation.exceptions.queries import items
from backoffice.reconciliation.ledger.queries import entries
from backoffice.reconciliation.models import Finding, Run
from backoffice.reconciliation.views.balances import BALANCE_PROOFS
from backoffice.reconciliation.views.bitnob import BITNOB_FINDINGS
from backoffice.reconciliation.views.ledger import LEDGER_ENTRIES
from backoffice.reconciliation.views.runs import ALL_RUNS, RUN_FINDINGS


def findings_for(wish: Wish) -> QuerySet[Finding]:
    """The findings of the run a wish is about; of every run where it names none, as the command line does."""
    return queries.findings_of(get_object_or_404(Run, pk=wish.scope)) if wish.scope else queries.all_findings()


def register() -> None:
    """Offer the lists for export."""
    page = "reconciliation:{}".format
    exports.register(Export(ALL_RUNS, queries.runs, page=page("runs")))
    exports.register(
        Export(
            *(RUN_FINDINGS, queries.all_findings, None, findings_for),
            opened_to=policies.READERS,
            page=page("run"),
        )
    )
    exports.register(Export(LEDGER_ENTRIES, entries, Sums("summed_amount", "asset"), page=page("ledger_entries")))
    exports.register(Export(BALANCE_PROOFS, all_proofs, Sums("difference", "asset"), page=page("balances")))
    exports.register(Export(BITNOB_FINDINGS, newest_findings, page=page("bitnob")))
    exports.register(Export(WORKLIST, items, Sums("at_risk", "asset"), page=page("exceptions")))
    exports.register(Export(SHEET, items, page=page("exceptions")))
