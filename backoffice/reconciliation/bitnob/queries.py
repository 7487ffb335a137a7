"""What Bitnob's transactions do not pass, as pages need it."""

from django.db.models import Case, IntegerField, QuerySet, Value, When

from backoffice.reconciliation.balances.queries import NO_RUN, newest
from backoffice.reconciliation.models import Fault, Run, Source, TransactionFinding
from backoffice.transactions.queries import id_in
from backoffice.ui.listing import Summary

Findings = QuerySet[TransactionFinding]
#: The gravest first.
RANK = Case(
    *(When(fault=fault, then=Value(rank)) for rank, fault in enumerate(Fault)),
    default=Value(len(Fault)),
    output_field=IntegerField(),
)


def findings_of(run: Run | None) -> Findings:
    """What a check found."""
    found = TransactionFinding.objects.filter(run_id=run.pk if run else NO_RUN)
    return found.annotate(rank=RANK)


def newest_findings() -> Findings:
    """What the newest check found, for the command line."""
    return findings_of(newest(Source.TRANSACTIONS))


def found_by(findings: Findings, text: str) -> Findings:
    """Findings about a transaction with exactly this id, or whose reference begins with the text."""
    transaction_id = id_in(text)
    return (
        findings.filter(transaction_id=transaction_id)
        if transaction_id
        else findings.filter(reference__startswith=text)
    )


def summarise(findings: Findings) -> Summary:
    """Count the findings a filter keeps."""
    return Summary(findings.order_by().count())
