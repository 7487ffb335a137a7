"""What is wrong with rules is said in one sentence, with a way on."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from backoffice.approvals.models import Rule
from backoffice.approvals.ruling import overlaps
from backoffice.approvals.ruling.findings import (
    Finding,
    findings_of_group,
    findings_of_rule,
    standing_warned_about,
    ungated_kinds,
)
from tests.approvals.ruling.cast import WORLD, a_rule

EVERY = ("withdrawal", "closing", "release", "account", "rules", "reopening", "resolution", "bulk")
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "closing", "asset": "USD"}, "no_amounts", "Leave these boxes empty"),
    ({"kind": "release", "client": "noura"}, "no_amounts", "asked for without a client"),
    ({"asset": "USD", "at_least": "10", "below": "10"}, "empty_band", "No amount lies in this band"),
    ({"asset": "USD", "at_least": "11", "below": "10"}, "empty_band", "Make the upper amount larger"),
    ({"at_least": "10"}, "no_asset", "An amount is of one asset, and none is chosen."),
    ({"day_total_from": "10"}, "no_asset", "Choose the asset"),
    ({"asset": "XAU"}, "unknown_asset", "no asset called XAU"),
    ({"client": "somebody"}, "unknown_client", "no client with the id somebody"),
    ({"group": "VIPs"}, "unknown_group", "no group called VIPs"),
    ({"client": "noura", "group": "VIP"}, "client_and_group", "not about both"),
    ({"people_needed": 0}, "wrong_count", "one to 9 other people"),
    ({"people_needed": 10}, "wrong_count", "one to 9 other people"),
    ({"people_needed": 4}, "too_many_people", "asks for 4 people, and only 3 managers could decide"),
    ({"kind": "release", "people_needed": 3}, "too_many_people", "only 2 managers could decide"),
    ({"kind": "account", "people_needed": 3}, "too_many_people", "invite a manager first"),
    ({"validity": timedelta(minutes=59)}, "wrong_validity", "at least 1 hour and at most 30 days"),
    ({"validity": timedelta(days=30, seconds=1)}, "wrong_validity", "Choose a time in between."),
]
FINE: list[dict[str, Any]] = [
    {"asset": "USD", "at_least": "10", "below": "10.00000001"},
    {"asset": "USD", "day_total_from": "10"},
    {"kind": "deposit", "client": "noura"},
    {"group": "VIP"},
    {"people_needed": 3},
    {"kind": "release", "people_needed": 2},
    {"validity": timedelta(hours=1)},
    {"validity": timedelta(days=30)},
]


def codes(found: list[Finding]) -> list[str]:
    return [one.code for one in found]


def always(*left_out: str) -> list[Rule]:
    return [a_rule(kind, name=f"Every {kind}") for kind in EVERY if kind not in left_out]


@pytest.mark.parametrize(("said", "code", "words"), FAULTS)
def test_it_names_what_is_wrong_with_a_rule(said: dict[str, Any], code: str, words: str) -> None:
    found = findings_of_rule(a_rule(**said), {"VIP"}, WORLD)
    [fault] = [one for one in found if one.code == code]
    assert words in str(fault)
    assert fault.is_fault and fault.way_on


@pytest.mark.parametrize("said", FINE)
def test_it_finds_nothing_wrong_with_a_rule_that_can_be_met(said: dict[str, Any]) -> None:
    assert findings_of_rule(a_rule(**said), {"VIP"}, WORLD) == []


def test_an_asset_that_vanished_keeps_nobody_from_changing_other_rules() -> None:
    found = findings_of_rule(a_rule(name="Gold", asset="XAU", people_needed=4), (), WORLD)
    told = {one.code: one.is_fault for one in standing_warned_about(found, {"Gold"})}
    assert told == {"unknown_asset": False, "too_many_people": True}
    assert all(one.is_fault for one in standing_warned_about(found, {"Silver"}))


def test_one_manager_alone_is_warned_about_where_that_manager_may_be_barred() -> None:
    alone = replace(WORLD, managers=1)
    [warning] = findings_of_rule(a_rule("release"), (), alone)
    assert not warning.is_fault and "Invite another manager." in str(warning)
    assert findings_of_rule(a_rule("closing"), (), alone) == []


def test_without_any_manager_no_rule_can_be_met() -> None:
    assert codes(findings_of_rule(a_rule(), (), replace(WORLD, managers=0))) == ["too_many_people"]


@pytest.mark.parametrize("kind", [kind for kind in EVERY if kind != "bulk"])
def test_what_must_never_be_ungated_needs_a_rule_that_catches_everything(kind: str) -> None:
    narrow = a_rule(kind, asset="USD", at_least="10", people_needed=2)
    [fault] = [one for one in ungated_kinds([*always(kind), narrow]) if one.is_fault]
    assert "no rule that catches everything" in fault.sentence
    assert "names no client, no asset and no amount" in fault.way_on


def test_files_and_deposits_may_go_without_a_rule() -> None:
    assert ungated_kinds(always()) == []
    [warning] = ungated_kinds(always("bulk"))
    assert not warning.is_fault and "files of operations" in warning.sentence


def test_a_group_names_clients_only_and_is_used() -> None:
    rules = [a_rule(group="VIP")]
    assert findings_of_group("VIP", ["noura"], rules, WORLD) == []
    assert codes(findings_of_group("VIP", [], rules, WORLD)) == ["empty_group"]
    assert codes(findings_of_group("VIP", ["noura", "ghost"], rules, WORLD)) == ["unknown_client"]
    [unused] = findings_of_group("New", ["noura"], rules, WORLD)
    assert unused.code == "unused_group" and not unused.is_fault


def test_many_strangers_in_a_group_are_told_by_their_first_few() -> None:
    [fault] = findings_of_group("VIP", [f"ghost{n}" for n in range(9)], [a_rule(group="VIP")], WORLD)
    assert "9 ids that are no clients: ghost0, ghost1, ghost2, ghost3, ghost4…" in fault.sentence


# What rules say about each other ------------------------------------------------------------------------------------

GROUPS = {"VIP": ["noura", "omar"], "One": ["noura"]}
SHADOWED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"asset": "USD", "people_needed": 1}, {"people_needed": 2}),
    ({"client": "noura"}, {"people_needed": 2}),
    ({"client": "noura"}, {"group": "VIP", "people_needed": 2}),
    ({"group": "One"}, {"group": "VIP", "people_needed": 2}),
    ({"asset": "USD", "at_least": "20", "below": "30"}, {"asset": "USD", "at_least": "10", "people_needed": 2}),
    ({"asset": "USD", "at_least": "50"}, {"asset": "USD", "day_total_from": "50", "people_needed": 2}),
    ({"asset": "USD", "day_total_from": "50"}, {"asset": "USD", "day_total_from": "40", "people_needed": 2}),
    ({"asset": "USD", "validity": timedelta(hours=48)}, {"validity": timedelta(hours=24)}),
]
NOT_SHADOWED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"people_needed": 2, "asset": "USD"}, {"people_needed": 1}),
    ({"asset": "USD"}, {"asset": "EUR", "people_needed": 2}),
    ({"asset": "USD", "at_least": "5"}, {"asset": "USD", "at_least": "10", "people_needed": 2}),
    ({"asset": "USD", "at_least": "20"}, {"asset": "USD", "at_least": "10", "below": "30", "people_needed": 2}),
    ({"asset": "USD", "day_total_from": "50"}, {"asset": "USD", "at_least": "50", "people_needed": 2}),
    ({"group": "VIP"}, {"group": "One", "people_needed": 2}),
    ({}, {"client": "noura", "people_needed": 2}),
    ({"kind": "deposit"}, {"kind": "withdrawal", "people_needed": 2}),
]


@pytest.mark.parametrize(("under", "over"), SHADOWED)
def test_a_rule_that_never_decides_anything_is_named(under: dict[str, Any], over: dict[str, Any]) -> None:
    rules = [a_rule(name="Under", **under), a_rule(name="Over", **over)]
    [warning] = overlaps.shadowed(rules, GROUPS)
    assert (warning.rule, warning.is_fault) == ("Under", False)
    assert "“Over” matches all of it" in warning.sentence


@pytest.mark.parametrize(("first", "second"), NOT_SHADOWED)
def test_a_rule_that_can_still_decide_is_not(first: dict[str, Any], second: dict[str, Any]) -> None:
    rules = [a_rule(name="First", **first), a_rule(name="Second", **second)]
    assert overlaps.shadowed(rules, GROUPS) == []


def test_two_rules_about_the_very_same_are_named_once() -> None:
    rules = [a_rule(name="A", asset="USD", at_least="10"), a_rule(name="B", asset="USD", at_least="10.00")]
    [warning] = overlaps.duplicates(rules)
    assert (warning.rule, warning.is_fault) == ("B", False)
    assert overlaps.shadowed(rules, {}) == []


def test_overlapping_bands_are_nothing_to_speak_of() -> None:
    rules = [a_rule(asset="USD", at_least="10"), a_rule(asset="USD", at_least="100", people_needed=2)]
    assert overlaps.duplicates(rules) + overlaps.shadowed(rules, {}) + overlaps.easier_for_more(rules) == []


def test_a_larger_amount_that_needs_fewer_people_is_named() -> None:
    rules = [a_rule(name="All"), a_rule(name="Middle", asset="USD", at_least="10", below="100", people_needed=2)]
    [warning] = overlaps.easier_for_more(rules)
    assert warning.sentence == (
        "Withdrawals of 100 USD or more need 1 other person, while smaller ones need 2 other people."
    )
    assert (warning.rule, warning.is_fault) == ("Middle", False)


def test_a_larger_deposit_that_nobody_has_to_see_is_named_for_a_group_too() -> None:
    rules = [a_rule("deposit", asset="USD", below="100", group="VIP", groups=GROUPS)]
    assert ["need nobody else" in one.sentence for one in overlaps.easier_for_more(rules)] == [True]


def test_assets_without_amounts_are_named_where_others_have_some() -> None:
    rules = [a_rule(), a_rule(asset="USD", at_least="10", people_needed=2)]
    open_assets = {"withdrawal": ["EUR", "USD"]}
    [warning] = overlaps.assets_without_amounts(rules, open_assets)
    assert "Withdrawals in EUR need the same people however large they are." in warning.sentence
    assert overlaps.assets_without_amounts([a_rule()], open_assets) == []


def test_every_amount_keeps_its_digits_in_what_is_said() -> None:
    rules = [a_rule(asset="USD", below="0.00000001", people_needed=2), a_rule()]
    assert "of 0.00000001 USD or more" in overlaps.easier_for_more(rules)[0].sentence
    assert Decimal("0.00000001") == rules[0].below
