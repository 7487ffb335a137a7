"""A draft is submitted with a second factor, approved by a manager, live at once; or it is a draft again."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backoffice.accounts import proofs
from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals import services as approvals
from backoffice.approvals.matching import Facts, rule_for
from backoffice.approvals.models import Request, RuleSet
from backoffice.approvals.policies import Conflict
from backoffice.approvals.ruling import policies, queries, services
from backoffice.approvals.ruling.content import fingerprint_of
from backoffice.audit.models import Entry
from tests.approvals.ruling.cast import LARGE, add, change, submitted
from tests.approving import approve

pytestmark = pytest.mark.usefixtures("db")
FACTS = Facts(kind="withdrawal", asset="USD", client="user_12345", amount=Decimal(20000), day_total=Decimal(20000))


@pytest.fixture
def changed(draft: RuleSet, adam: Person) -> RuleSet:
    """A draft that says something new."""
    add(adam)
    return draft


@pytest.fixture
def asked(changed: RuleSet, adam: Person) -> Request:
    """Adam's request that it becomes the live version."""
    return submitted(changed, adam)


def state_of(rule_set: RuleSet) -> str:
    return RuleSet.objects.values_list("state", flat=True).get(pk=rule_set.pk)


def last_entry() -> Entry:
    return Entry.objects.latest("number")


def test_what_is_submitted_waits_for_a_manager_and_changes_nothing_yet(asked: Request, changed: RuleSet) -> None:
    assert (asked.kind, asked.subject, asked.state) == ("rules", f"rules-{changed.version}-1", "waiting")
    assert (asked.rule, asked.reason) == ("Every change of the rules", "Amounts have grown.")
    assert state_of(changed) == "proposed"
    rule = rule_for(FACTS)
    assert rule is not None and rule.name == "Every withdrawal"
    assert last_entry().event == "rules.submitted"


def test_approved_it_is_live_at_once_and_the_former_version_is_kept(
    asked: Request, changed: RuleSet, omar: Person
) -> None:
    former = queries.live()
    approve(asked, by=omar, note="Agreed.")
    assert (state_of(former), state_of(changed)) == ("former", "live")
    rule = rule_for(FACTS)
    assert rule is not None and (rule.name, rule.version) == (LARGE["name"], changed.version)
    entry = Entry.objects.get(event="rules.live")
    assert (entry.person, entry.reason) == (omar, "Agreed.")
    assert entry.before == {"live_version": former.version}
    assert entry.after == {"live_version": changed.version, "request": asked.subject}


def test_rejected_it_is_a_draft_again_with_nothing_lost(
    asked: Request, changed: RuleSet, adam: Person, omar: Person
) -> None:
    why = "Ten thousand is too much."
    approvals.reject(request_id=asked.pk, fingerprint=asked.fingerprint, by=omar, reason_code="other", note=why)
    assert state_of(changed) == "draft"
    again = RuleSet.objects.get(pk=changed.pk)
    assert again.rules.filter(name=LARGE["name"]).exists()
    assert again.note == "Amounts have grown."
    change(again.rules.get(name=LARGE["name"]), adam, at_least=Decimal(5000))
    second = submitted(again, adam)
    assert second.subject == f"rules-{changed.version}-2"
    approve(second, by=omar)
    assert state_of(changed) == "live"


def test_taken_back_it_is_a_draft_again(asked: Request, changed: RuleSet, adam: Person) -> None:
    approvals.cancel(request_id=asked.pk, by=adam)
    assert state_of(changed) == "draft"
    assert last_entry().event == "rules.cancelled"


def test_expired_it_is_a_draft_again(asked: Request, changed: RuleSet, monkeypatch: pytest.MonkeyPatch) -> None:
    later = asked.valid_until + timedelta(seconds=1)
    monkeypatch.setattr("backoffice.database.clock.now", lambda: later)
    assert approvals.expire(asked.pk)
    assert state_of(changed) == "draft"
    assert last_entry().event == "rules.expired"


def test_nobody_changes_what_waits_for_approval(asked: Request, adam: Person) -> None:
    with pytest.raises(Conflict, match="waits for approval, so nobody can change it"):
        add(adam, name="Another")
    with pytest.raises(Conflict, match="waits for approval"):
        services.discard(by=adam)
    with pytest.raises(Conflict, match="Version 2, begun by Adam Reyes on .*, waits for approval"):
        services.begin_draft(by=adam)


def as_administrator(person: Person) -> Person:
    """Return a manager as they were before they became one."""
    former = Person.objects.get(pk=person.pk)
    former.role = Role.ADMINISTRATOR
    return former


def test_the_one_who_submitted_never_approves_whatever_they_became(changed: RuleSet, omar: Person) -> None:
    asked = submitted(changed, as_administrator(omar))
    with pytest.raises(Refused, match="your own request"):
        approve(asked, by=omar)


def test_the_one_who_began_the_draft_never_approves_it_either(
    draft: RuleSet, adam: Person, omar: Person, lina: Person
) -> None:
    services.discard(by=adam)
    begun = services.begin_draft(by=as_administrator(omar))
    add(adam, people_needed=1)
    asked = submitted(begun, adam)
    with pytest.raises(Refused, match="you began the draft"):
        approve(asked, by=omar)
    approve(asked, by=lina)
    assert state_of(begun) == "live"


def test_it_refuses_a_second_factor_that_was_shown_for_something_else(changed: RuleSet, adam: Person) -> None:
    shown = fingerprint_of(changed)
    with pytest.raises(Refused, match="not shown for exactly this"):
        services.submit(fingerprint=shown, note="Why", by=adam, proof=proofs.write_down(adam, "0" * 64))
    assert state_of(changed) == "draft"


def test_it_refuses_a_draft_that_was_changed_since_it_was_read(changed: RuleSet, adam: Person) -> None:
    shown = fingerprint_of(changed)
    add(adam, name="Another", people_needed=1, at_least=Decimal(7000))
    with pytest.raises(Conflict, match="changed since you read it"):
        services.submit(fingerprint=shown, note="Why", by=adam, proof=proofs.write_down(adam, shown))


def test_it_refuses_a_draft_that_says_what_is_live(draft: RuleSet, adam: Person) -> None:
    with pytest.raises(Conflict, match="says what the live rules say"):
        submitted(draft, adam)


def test_it_refuses_a_draft_with_faults(changed: RuleSet, adam: Person) -> None:
    changed.rules.filter(name="Every withdrawal").delete()
    with pytest.raises(policies.Faulty, match="Withdrawals have no rule that catches everything"):
        submitted(changed, adam)
    assert state_of(changed) == "draft"


def test_rules_that_nobody_could_meet_any_more_do_not_go_live(
    asked: Request, changed: RuleSet, omar: Person, lina: Person
) -> None:
    Person.objects.filter(pk=lina.pk).update(is_active=False)
    with pytest.raises(Conflict, match="cannot go live any more"):
        approve(asked, by=omar)
    assert state_of(changed) == "proposed"


def test_a_request_keeps_the_version_it_was_asked_under(asked: Request, omar: Person) -> None:
    approve(asked, by=omar)
    asked.refresh_from_db()
    assert (asked.rule_version, queries.live().version) == (1, 2)
