"""Other rules than the plain ones: a version of them, proposed by an administrator and approved by a manager."""

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
    ada, rami = _person("Ada Lind", Role.ADMINISTRATOR), _person("Rami Nasser", Role.MANAGER)
    version = former.version + 1
    made = RuleSet.objects.create(version=version, groups=groups or {}, made_by=ada, made_at=clock.now())
    for one in rules:
        one.rule_set = made
        one.save()
    request = _request(version, ada)
    asked = {"fingerprint": request.fingerprint, "approval": request}
    RuleSet.objects.filter(pk=made.pk).update(state=RuleSetState.PROPOSED, **asked)
    _approve(request, rami)
    RuleSet.objects.filter(pk=former.pk).update(state=RuleSetState.FORMER)
    RuleSet.objects.filter(pk=made.pk).update(state=RuleSetState.LIVE, live_at=clock.now())
    made.refresh_from_db()
    return made


def _request(version: int, by: Person) -> Request:
    now, fingerprint = clock.now(), f"{version:064d}"
    return Request.objects.create(
        kind="rules",
        subject=f"rules-{version}-1",
        title="Rules",
        fingerprint=fingerprint,
        rule="Every change of the rules",
        rule_version=1,
        requested_by=by,
        requested_at=now,
        asked_with=shown(by, fingerprint, now),
        valid_until=now,
    )


def _approve(request: Request, by: Person) -> None:
    now = clock.now()
    Decision.objects.create(
        request=request,
        requested_by=request.requested_by,
        decided_by=by,
        verdict=Decision.Verdict.APPROVED,
        fingerprint=request.fingerprint,
        proof=shown(by, request.fingerprint, now),
        decided_at=now,
    )
    Request.objects.filter(pk=request.pk).update(state="approved", closed_at=now)


def _person(name: str, role: Role) -> Person:
    email = f"{name.split()[0].lower()}@example.com"
    found = Person.objects.filter(email=email).first()
    return found or Person.objects.create_person(email=email, name=name, role=role, password="used")
