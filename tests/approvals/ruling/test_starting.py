"""The rules the product comes with, as a finance team reads them."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from backoffice.approvals.models import Rule, RuleSet
from backoffice.approvals.ruling import overlaps
from backoffice.approvals.ruling.findings import World, findings_of_rule, ungated_kinds
from backoffice.approvals.ruling.ladder import ladder

STARTING = import_module("backoffice.approvals.migrations.0007_rules_to_start_with")
RESOLUTIONS = import_module("backoffice.approvals.migrations.0012_a_rule_for_resolutions")


@pytest.fixture
def rules() -> list[Rule]:
    """The rules of version 1 as the migrations write them, without a database."""
    written: list[Rule] = []

    class Writing:
        def using(self, _alias: str) -> "Writing":
            return self

        def get(self, **_asked: Any) -> RuleSet:
            return RuleSet(version=1)

        def create(self, **said: Any) -> Any:
            if "version" in said:
                return SimpleNamespace(save=lambda: None)
            written.append(Rule(**{**said, "rule_set": RuleSet(version=1)}))
            return written[-1]

    models = SimpleNamespace(get_model=lambda _app, _name: SimpleNamespace(objects=Writing()))
    editor = SimpleNamespace(connection=connection, execute=lambda _sql: None)
    for migration in (STARTING, RESOLUTIONS):
        migration.install(models, editor)
    return written


def world(managers: int) -> World:
    return World(assets=set(STARTING.LARGE), clients=set(), managers=managers)


def test_nothing_is_wrong_with_them_once_there_are_two_managers(rules: list[Rule]) -> None:
    assert [one for rule in rules for one in findings_of_rule(rule, (), world(2))] == []
    assert ungated_kinds(rules) == []


def test_each_of_them_can_decide_something_and_no_larger_amount_is_easier(rules: list[Rule]) -> None:
    assert overlaps.duplicates(rules) + overlaps.shadowed(rules, {}) + overlaps.easier_for_more(rules) == []


@pytest.mark.parametrize("asset", sorted(STARTING.LARGE))
def test_large_withdrawals_need_two_and_large_deposits_one(rules: list[Rule], asset: str) -> None:
    assert [step.people for step in ladder(rules, "withdrawal", asset)] == [1, 2]
    assert [step.people for step in ladder(rules, "deposit", asset)][0] == 0
    assert {step.people for step in ladder(rules, "deposit", asset)[1:]} == {1}


@pytest.mark.parametrize("kind", ["withdrawal", "deposit"])
def test_paying_in_parts_does_not_stay_below_them(rules: list[Rule], kind: str) -> None:
    limited = {rule.asset for rule in rules if rule.kind == kind and rule.day_total_from is not None}
    assert limited == set(STARTING.LARGE)
