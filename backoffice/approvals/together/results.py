"""What became of each request that was approved together, found again by the proof that covers them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from backoffice.accounts.models import Proof
from backoffice.approvals import queries
from backoffice.approvals.columns import badge_of
from backoffice.approvals.models import Request
from backoffice.audit.models import Entry
from backoffice.ui.values import Amount, Badge, CheckResult


@dataclass(frozen=True)
class Result:
    """One row: the request, how it stands now, and what became of the approval."""

    request: Request
    sentence: str
    result: CheckResult

    @property
    def badge(self) -> Badge:
        return badge_of(self.request)

    @property
    def amount(self) -> Amount:
        return Amount(self.request.amount, self.request.asset)

    @property
    def is_approved(self) -> bool:
        return self.result is CheckResult.PASSED


def results_of(proof: Proof) -> list[Result]:
    """Return what became of everything ``proof`` covers, oldest request first."""
    requests = list(queries.requests().filter(fingerprint__in=proof.covers).order_by("requested_at", "id"))
    refusals = _refusals(proof, [one.subject for one in requests])
    return [_result(one, proof, refusals.get(one.subject, "")) for one in requests]


def _refusals(proof: Proof, subjects: list[str]) -> dict[str, str]:
    entries = Entry.objects.filter(
        event="approval.refused", object_type="request", object_id__in=subjects, after__proof=proof.pk
    )
    return dict(entries.values_list("object_id", "reason"))


def _result(request: Request, proof: Proof, refusal: str) -> Result:
    if any(one.proof_id == proof.pk for one in queries.decisions_of(request)):
        return Result(request, _("Approved."), CheckResult.PASSED)
    if refusal:
        return Result(request, refusal, CheckResult.FAILED)
    return Result(request, _("Nothing was done: it waits as before."), CheckResult.WARNING)
