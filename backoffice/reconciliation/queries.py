"""What people ask of the runs: which there are, what the newest found, which findings to show."""

from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Subquery, TextField, Value, When
from django.db.models.expressions import OuterRef
from django.db.models.functions import Coalesce

from backoffice.clients.models import Client
from backoffice.reconciliation.models import EXCEPTIONS, PENDING, Finding, Run, Verdict

#: The order in which verdicts are shown: what has to be looked at first, what agrees last.
SHOWN_IN_ORDER = (*EXCEPTIONS, *PENDING, Verdict.MATCHED)
RANK = Case(
    *(When(verdict=verdict, then=Value(rank)) for rank, verdict in enumerate(SHOWN_IN_ORDER)),
    default=Value(len(SHOWN_IN_ORDER)),
    output_field=IntegerField(),
)
CLIENT_NAME = Subquery(
    Client.objects.filter(partner_client_id=Coalesce(OuterRef("our_client"), OuterRef("their_client"))).values("name")[
        :1
    ],
    output_field=TextField(),
)


def runs() -> QuerySet[Run]:
    """Every run with its client and who made it."""
    return Run.objects.select_related("client", "ledger", "run_by")


def all_findings() -> QuerySet[Finding, Any]:
    """The findings of every run, with what `findings_of` gives each."""
    return Finding.objects.select_related("check_made").annotate(rank=RANK, client_name=CLIENT_NAME)


def findings_of(run: Run) -> QuerySet[Finding, Any]:
    """The findings of a run with the client's name, their evidence, and their place among the verdicts."""
    return run.findings.select_related("check_made").annotate(rank=RANK, client_name=CLIENT_NAME)


def of_verdicts(findings: QuerySet[Finding, Any], verdicts: list[str]) -> QuerySet[Finding, Any]:
    """Findings of any of these verdicts."""
    return findings.filter(verdict__in=verdicts)
