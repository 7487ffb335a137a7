"""Who funded what: every operation an order proves, with the people who asked and approved it (DESIGN.md §9)."""

from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils.translation import gettext as _

from backoffice.approvals.models import Decision
from backoffice.audit.models import Entry
from backoffice.funding.models import Kind, Operation
from backoffice.funding.queries import with_approvers
from backoffice.funding.states import State
from backoffice.money import exact_sum, negated
from backoffice.ui.listing import Summary

PROOF = Entry.objects.filter(object_type="operation", object_id=OuterRef("reference"), event="operation.completed")


def completed() -> QuerySet[Operation]:
    """Return what was funded: completed operations, each with the number of the audit entry that says so."""
    entry = Subquery(PROOF.order_by("number").values("number")[:1])
    return with_approvers().filter(state=State.COMPLETED).annotate(entry=entry)


def of_client(rows: QuerySet[Operation], text: str) -> QuerySet[Operation]:
    """Keep what was funded for the client whom ``text`` names or identifies."""
    return rows.filter(Q(client__partner_client_id=text) | Q(client__name__icontains=text))


def by_people(rows: QuerySet[Operation], people: list[str]) -> QuerySet[Operation]:
    """Keep what any of these people asked for or approved, by itself or with the file it was made from."""
    approvals = Decision.objects.filter(request=OuterRef("approved_under"), verdict=Decision.Verdict.APPROVED)
    theirs = approvals.filter(Q(decided_by__in=people) | Q(for_person__in=people), taken_back_at=None)
    return rows.filter(Q(requested_by_id__in=people) | Exists(theirs))


def summarise(rows: QuerySet[Operation]) -> Summary:
    """Count what was funded and add it up by asset, exactly: in, out, and net."""
    deposited, withdrawn, net = _("Deposited"), _("Withdrawn"), _("Net")
    totals = rows.order_by().values_list("asset_id", "kind").annotate(count=Count("id"), total=Sum("amount"))
    sums: dict[str, dict[str, Decimal]] = {}
    for asset, kind, _count, total in totals:
        line = sums.setdefault(asset, {label: Decimal(0) for label in (deposited, withdrawn, net)})
        signed = total if kind == Kind.DEPOSIT else negated(total)
        for label in (deposited if kind == Kind.DEPOSIT else withdrawn, net):
            line[label] = exact_sum([line[label], signed])
    return Summary(sum(count for _asset, _kind, count, _total in totals), sorted(sums.items()))
