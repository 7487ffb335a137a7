"""Who agreed to what: requests with the rule that was pinned, and every decision with its voice and its factor."""

from collections.abc import Iterable

from backoffice.approvals.models import Decision, Request
from backoffice.approvals.wording import sentence_of
from backoffice.reconciliation.packs.parts import Row, Table

REQUEST_HEADINGS = (
    *("request", "kind", "title", "reason", "rule", "rule_version", "rule_in_words", "people_needed"),
    *("asked_by", "asked_at", "asked_with", "state", "closed_at", "fingerprint"),
)
DECISION_HEADINGS = (
    *("request", "verdict", "by", "for", "at", "factor", "factor_shown_at", "reason_code", "note", "taken_back_at"),
    "fingerprint",
)


def tables_of(requests: list[Request]) -> list[Table]:
    """The requests and the decisions on them, oldest first."""
    ordered = sorted(requests, key=lambda one: one.pk)
    return [
        Table("approvals", "Approvals asked for", REQUEST_HEADINGS, lambda: map(request_row, ordered)),
        Table("decisions", "Decisions", DECISION_HEADINGS, lambda: decision_rows(ordered)),
    ]


def request_row(request: Request) -> Row:
    factor = request.asked_with.method if request.asked_with else ""
    rule = (request.rule, request.rule_version, sentence_of(request.rule, request.rule_version), request.people_needed)
    asked = (request.requested_by.name, request.requested_at, factor)
    ended = (request.state, request.closed_at, request.fingerprint)
    return (request.subject, request.kind, request.title, request.reason, *rule, *asked, *ended)


def decision_rows(requests: Iterable[Request]) -> Iterable[Row]:
    ids = [one.pk for one in requests]
    decisions = Decision.objects.filter(request__in=ids).order_by("request_id", "decided_at", "id")
    for one in decisions.select_related("request", "decided_by", "for_person", "proof"):
        voice = one.for_person.name if one.for_person else ""
        factor = (one.proof.method, one.proof.made_at) if one.proof else ("", None)
        said = (one.reason_code, one.note, one.taken_back_at, one.fingerprint)
        yield (one.request.subject, one.verdict, one.decided_by.name, voice, one.decided_at, *factor, *said)


def requests_with_people(**found: object) -> list[Request]:
    """Requests as the tables need them."""
    rows = Request.objects.filter(**found).select_related("requested_by", "asked_with")
    return list(rows.order_by("pk"))
