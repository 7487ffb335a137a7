"""Other rules than the plain ones: a version of them, proposed by an administrator and approved by a manager."""

from django.db.models import F

from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Decision, Request, Rule, RuleSet, RuleSetState
from backoffice.database import clock
from tests.approving import shown


def rule(kind: str, name: str = "", **details: object) -> Rule:
    """Describe one rule, not stored yet; without a name it is about every one of its kind."""
    return Rule(name=name or f"Every {kind}", kind=kind, **details)


def make_live(*rules: Rule, groups: dict[str, list[str]] | None = None) -> RuleSet:
    """Let ``rules`` be the only ones from now on, as two people would; the database asks for both."""
    former = RuleSet.objects.get(state=RuleSetState.LIVE)
    request = _approved_request(former.version + 1)
    made = RuleSet.objects.create(
        version=former.version + 1,
        groups=groups or {},
        fingerprint=request.fingerprint,
        made_by=request.requested_by,
        made_at=request.requested_at,
        approval=request,
    )
    for one in rules:
        one.rule_set = made
        one.save()
    RuleSet.objects.filter(pk=made.pk).update(state=RuleSetState.PROPOSED)
    RuleSet.objects.filter(pk=former.pk).update(state=RuleSetState.FORMER)
    RuleSet.objects.filter(pk=made.pk).update(state=RuleSetState.LIVE, live_at=clock.now())
    return made


def _approved_request(version: int) -> Request:
    now, fingerprint = clock.now(), f"{version:064d}"
    ada, rami = _person("Ada Lind", Role.ADMINISTRATOR), _person("Rami Nasser", Role.MANAGER)
    request = Request.objects.create(
        kind="rules",
        subject=f"rules-{version}-1",
        title="Rules",
        fingerprint=fingerprint,
        rule="Every change of the rules",
        rule_version=version - 1,
        requested_by=ada,
        requested_at=now,
        asked_with=shown(ada, fingerprint, now),
        valid_until=now,
    )
    Decision.objects.create(
        request=request,
        requested_by=ada,
        decided_by=rami,
        verdict=Decision.Verdict.APPROVED,
        fingerprint=fingerprint,
        proof=shown(rami, fingerprint, now),
        decided_at=now,
    )
    Request.objects.filter(pk=request.pk, state=F("state")).update(state="approved", closed_at=now)
    return request


def _person(name: str, role: Role) -> Person:
    email = f"{name.split()[0].lower()}@example.com"
    return Person.objects.filter(email=email).first() or Person.objects.create_person(email=email, name=name, role=role)
