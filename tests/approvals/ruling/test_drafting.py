"""A draft is begun, changed and given up; the live rules hold all the while, and nothing typed over unread."""

from typing import Any

import pytest

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.models import RuleSet
from backoffice.approvals.policies import Conflict
from backoffice.approvals.ruling import policies, queries, services
from backoffice.approvals.ruling.content import digest_of, digest_of_group, fields_of, said_by
from backoffice.audit.models import Entry
from backoffice.clients.models import Client
from tests.approvals.ruling.cast import LARGE, add, change

pytestmark = pytest.mark.usefixtures("db")


def last_entry() -> Entry:
    return Entry.objects.latest("number")


def before_and_after(entry: Entry) -> tuple[dict[str, Any], dict[str, Any]]:
    return entry.before or {}, entry.after or {}


def add_group(by: Person, name: str = "VIP", ids: tuple[str, ...] = ("user_12345",)) -> None:
    services.save_group(name="", new_name=name, ids=ids, seen="", by=by)


def test_a_draft_begins_as_what_is_live(draft: RuleSet, adam: Person) -> None:
    held = queries.live()
    assert (draft.version, draft.state, draft.made_by) == (held.version + 1, "draft", adam)
    assert sorted(map(said_by, draft.rules.all()), key=str) == sorted(map(said_by, held.rules.all()), key=str)
    assert not queries.compared(held, draft)
    assert (last_entry().event, last_entry().object_id) == ("rules.draft_begun", str(draft.version))


def test_there_is_one_draft_at_a_time_and_it_says_whose(draft: RuleSet, adam: Person) -> None:
    with pytest.raises(Conflict, match="Adam Reyes began a draft, version 2, on .* There is one draft at a time."):
        services.begin_draft(by=adam)


@pytest.mark.parametrize("who", ["maya", "omar", "vera"])
def test_it_refuses_everybody_but_administrators(who: str, draft: RuleSet, request: pytest.FixtureRequest) -> None:
    person: Person = request.getfixturevalue(who)
    acts: list[Any] = [
        lambda: services.begin_draft(by=person),
        lambda: add(person),
        lambda: services.remove_rule(rule_id=1, seen="", by=person),
        lambda: add_group(person),
        lambda: services.remove_group(name="VIP", seen="", by=person),
        lambda: services.discard(by=person),
    ]
    for act in acts:
        with pytest.raises(Refused, match="Only administrators can do this."):
            act()


def test_a_rule_is_added_and_changed_in_the_draft_only(draft: RuleSet, adam: Person) -> None:
    rule = add(adam)
    assert last_entry().event == "rules.rule_added"
    change(rule, adam, people_needed=1)
    before, after = before_and_after(last_entry())
    assert last_entry().event == "rules.rule_changed"
    assert (before["people_needed"], after["people_needed"], after["at_least"]) == (2, 1, "10000")
    assert not queries.live().rules.filter(name=LARGE["name"]).exists()


def test_saving_a_rule_as_it_is_writes_nothing(draft: RuleSet, adam: Person) -> None:
    rule = add(adam)
    number = last_entry().number
    change(rule, adam)
    assert last_entry().number == number


def test_a_rule_with_faults_is_not_saved(draft: RuleSet, adam: Person) -> None:
    with pytest.raises(policies.Faulty) as caught:
        add(adam, asset="XAU", people_needed=7)
    assert [one.code for one in caught.value.findings] == ["unknown_asset", "too_many_people"]
    assert not draft.rules.filter(name=LARGE["name"]).exists()


def test_two_rules_cannot_share_a_name(draft: RuleSet, adam: Person) -> None:
    add(adam)
    with pytest.raises(policies.Faulty, match="Another rule has this name"):
        add(adam, people_needed=1)


def test_what_somebody_else_changed_is_not_written_over_unread(draft: RuleSet, adam: Person) -> None:
    rule = add(adam)
    seen = digest_of(rule)
    change(rule, adam, people_needed=1)
    mine = {**fields_of(rule), "at_least": None}
    with pytest.raises(services.Overtaken, match="Save again to write yours over it."):
        services.save_rule(rule_id=rule.pk, content=mine, seen=seen, by=adam)
    with pytest.raises(services.Overtaken):
        services.remove_rule(rule_id=rule.pk, seen=seen, by=adam)


def test_a_removed_rule_is_gone_from_the_draft_only(draft: RuleSet, adam: Person) -> None:
    rule = draft.rules.get(name="Every withdrawal")
    services.remove_rule(rule_id=rule.pk, seen=digest_of(rule), by=adam)
    before, _after = before_and_after(last_entry())
    assert (last_entry().event, before["name"]) == ("rules.rule_removed", "Every withdrawal")
    assert queries.live().rules.filter(name="Every withdrawal").exists()
    with pytest.raises(Conflict, match="removed from the draft meanwhile"):
        services.remove_rule(rule_id=rule.pk, seen="", by=adam)


def test_a_rule_of_the_live_version_cannot_be_changed_through_the_draft(draft: RuleSet, adam: Person) -> None:
    rule = queries.live().rules.get(name="Every withdrawal")
    with pytest.raises(Conflict):
        services.save_rule(rule_id=rule.pk, content=fields_of(rule), seen=digest_of(rule), by=adam)


def test_a_group_holds_clients_and_its_rules_follow_a_new_name(draft: RuleSet, adam: Person, noura: Client) -> None:
    add_group(adam)
    add(adam, group="VIP")
    seen = digest_of_group(["user_12345"])
    services.save_group(name="VIP", new_name="Best", ids=["user_12345"], seen=seen, by=adam)
    changed = RuleSet.objects.get(pk=draft.pk)
    assert changed.groups == {"Best": ["user_12345"]}
    assert changed.rules.get(name=LARGE["name"]).group == "Best"
    assert last_entry().before == {"group": "VIP", "clients": ["user_12345"]}


def test_a_group_of_strangers_or_of_nobody_is_not_saved(draft: RuleSet, adam: Person) -> None:
    for ids in ((), ("ghost",)):
        with pytest.raises(policies.Faulty):
            add_group(adam, ids=ids)
    assert RuleSet.objects.get(pk=draft.pk).groups == {}


def test_a_group_that_rules_are_about_stays(draft: RuleSet, adam: Person, noura: Client) -> None:
    add_group(adam)
    rule = add(adam, group="VIP")
    seen = digest_of_group(["user_12345"])
    with pytest.raises(Conflict, match="Rules are about the group VIP: Large withdrawals, USD."):
        services.remove_group(name="VIP", seen=seen, by=adam)
    services.remove_rule(rule_id=rule.pk, seen=digest_of(rule), by=adam)
    services.remove_group(name="VIP", seen=seen, by=adam)
    assert RuleSet.objects.get(pk=draft.pk).groups == {}


def test_a_discarded_draft_is_kept_and_its_number_is_not_used_again(draft: RuleSet, adam: Person) -> None:
    services.discard(by=adam)
    assert RuleSet.objects.get(pk=draft.pk).state == "discarded"
    with pytest.raises(Conflict, match="There is no draft any more"):
        add(adam)
    assert services.begin_draft(by=adam).version == draft.version + 1
