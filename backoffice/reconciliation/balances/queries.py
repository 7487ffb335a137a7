"""Proofs of balances, as pages need them."""

from django.db.models import Case, F, IntegerField, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.expressions import OuterRef

from backoffice.clients.models import Client
from backoffice.reconciliation.models import BalanceProof, Run, Source
from backoffice.ui.listing import Summary

Proofs = QuerySet[BalanceProof]

#: No run has this id. An empty queryset has no SQL, and an export of it is a file with its headings.
NO_RUN = 0
EVEN, EXPLAINED, DIFFERS = "even", "explained", "differs"
CLIENT_NAME = Subquery(
    Client.objects.filter(partner_client_id=OuterRef("client")).values("name")[:1], output_field=TextField()
)
_OUTCOMES = {
    EVEN: Q(difference=0),
    EXPLAINED: ~Q(difference=0) & Q(difference=F("explained")),
    DIFFERS: ~Q(difference=F("explained")),
}
#: What has to be looked at first.
RANK = Case(
    When(_OUTCOMES[DIFFERS], then=Value(0)),
    When(_OUTCOMES[EXPLAINED], then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def newest(source: Source) -> Run | None:
    """The newest run of a source."""
    return Run.objects.filter(source=source).select_related("run_by").order_by("-id").first()


def proofs_of(run: Run | None) -> Proofs:
    """The proofs of clients' balances in a run, with the client's name and what should be there."""
    found = BalanceProof.objects.filter(run_id=run.pk if run else NO_RUN).exclude(client="")
    return found.annotate(client_name=CLIENT_NAME, expected=F("opening") + F("effects"), rank=RANK)


def accounts_of(run: Run | None) -> list[BalanceProof]:
    """The proofs of the accounts at Bitnob in a run."""
    return list(BalanceProof.objects.filter(run=run, client="").order_by("asset", "account")) if run else []


def all_proofs() -> Proofs:
    """The proofs of the newest run, for the command line."""
    return proofs_of(newest(Source.BALANCES))


def found_by(proofs: Proofs, text: str) -> Proofs:
    """Proofs of a client whose name holds the text or whose id begins with it."""
    return proofs.filter(Q(client__startswith=text) | Q(client_name__icontains=text))


def with_outcomes(proofs: Proofs, outcomes: list[str]) -> Proofs:
    """Proofs that came out in any of these ways."""
    wanted = Q()
    for outcome in outcomes:
        wanted |= _OUTCOMES[outcome]
    return proofs.filter(wanted)


def outcome_of(proof: BalanceProof) -> str:
    """How a proof came out."""
    if not proof.difference:
        return EVEN
    return EXPLAINED if proof.difference == proof.explained else DIFFERS


def summarise(proofs: Proofs) -> Summary:
    """Count the proofs a filter finds; assets do not add up."""
    return Summary(proofs.order_by().count())
