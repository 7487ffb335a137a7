"""The most demanding of the matching rules wins, said twice: by the product, and by brute force from the sentence."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from backoffice.approvals.matching import Facts, Rulebook, most_demanding
from backoffice.approvals.models import Rule, RuleSet
from backoffice.approvals.ruling.ladder import Whom, ladder
from tests.approvals.ruling.cast import a_rule

GROUPS = {"VIP": ["noura", "sami"], "New": ["sami"], "Nobody": []}
KINDS, ASSETS, CLIENTS = ("withdrawal", "deposit"), ("USD", "EUR"), ("noura", "sami", "third")
AMOUNTS = st.sampled_from([Decimal(text) for text in ("1", "9.99", "10", "10.00", "10.01", "50", "99.99999999", "100")])


@st.composite
def some_rules(draw: st.DrawFn) -> list[Rule]:
    """Draw rules of one version, each with what a rule can name or leave open."""
    version = RuleSet(version=1, groups=GROUPS)
    return [draw(one_rule(version, number)) for number in range(draw(st.integers(0, 6)))]


@st.composite
def one_rule(draw: st.DrawFn, version: RuleSet, number: int) -> Rule:
    asset = draw(st.sampled_from(["", *ASSETS]))
    bounds = sorted(draw(st.tuples(AMOUNTS, AMOUNTS)))
    has_band = bool(asset) and bounds[0] < bounds[1]
    client = draw(st.sampled_from(["", "", *CLIENTS]))
    return Rule(
        rule_set=version,
        name=f"Rule {number}",
        kind=draw(st.sampled_from(KINDS)),
        asset=asset,
        client=client,
        group="" if client else draw(st.sampled_from(["", "", *GROUPS])),
        at_least=bounds[0] if has_band and draw(st.booleans()) else None,
        below=bounds[1] if has_band and draw(st.booleans()) else None,
        day_total_from=draw(AMOUNTS) if asset and draw(st.booleans()) else None,
        people_needed=draw(st.integers(1, 3)),
        validity=timedelta(hours=draw(st.sampled_from([1, 24, 168]))),
    )


@st.composite
def some_facts(draw: st.DrawFn) -> Facts:
    amount = draw(AMOUNTS)
    return Facts(
        kind=draw(st.sampled_from(KINDS)),
        asset=draw(st.sampled_from([*ASSETS, "BHD"])),
        client=draw(st.sampled_from(CLIENTS)),
        amount=amount,
        day_total=amount + draw(st.sampled_from([Decimal(0), Decimal(40), Decimal(100)])),
    )


def by_brute_force(rules: Sequence[Rule], facts: Facts) -> tuple[int, timedelta] | None:
    """Say what is demanded, word for word: of all rules that name nothing else than what is so, the one that asks for
    the most people, and of those the one that leaves the least time."""
    demands = []
    for rule in rules:
        names_something_else = (
            rule.kind != facts.kind
            or (rule.asset and rule.asset != facts.asset)
            or (rule.client and rule.client != facts.client)
            or (rule.group and facts.client not in GROUPS[rule.group])
            or (rule.at_least is not None and not facts.amount >= rule.at_least)
            or (rule.below is not None and not facts.amount < rule.below)
            or (rule.day_total_from is not None and not facts.day_total >= rule.day_total_from)
        )
        if not names_something_else:
            demands.append((rule.people_needed, rule.validity))
    most = max((people for people, _time in demands), default=0)
    return (most, min(time for people, time in demands if people == most)) if demands else None


def demanded(rule: Rule | None) -> tuple[int, timedelta] | None:
    return (rule.people_needed, rule.validity) if rule else None


@given(some_rules(), some_facts())
def test_the_most_demanding_rule_is_what_its_sentence_says(rules: list[Rule], facts: Facts) -> None:
    assert demanded(most_demanding(rules, facts)) == by_brute_force(rules, facts)


@given(some_rules(), some_facts())
def test_a_book_of_rules_answers_as_the_rules_do(rules: list[Rule], facts: Facts) -> None:
    assert Rulebook(rules, GROUPS).gate(facts) is most_demanding(rules, facts)


@given(some_rules(), some_facts(), st.data())
def test_another_rule_never_makes_anything_less_demanding(rules: list[Rule], facts: Facts, data: st.DataObject) -> None:
    another = data.draw(one_rule(RuleSet(version=1, groups=GROUPS), 99))
    before, after = most_demanding(rules, facts), most_demanding([*rules, another], facts)
    if before is not None:
        assert after is not None
        assert (-after.people_needed, after.validity) <= (-before.people_needed, before.validity)


@given(some_rules(), st.sampled_from(KINDS), st.sampled_from([*ASSETS, ""]))
def test_the_steps_the_page_shows_leave_no_amount_out_and_none_twice(rules: list[Rule], kind: str, asset: str) -> None:
    steps = ladder(rules, kind, asset)
    assert steps[0].at_least is None and steps[-1].below is None
    assert [step.at_least for step in steps[1:]] == [step.below for step in steps[:-1]]
    assert all(low < high for low, high in ((step.at_least or 0, step.below) for step in steps[:-1]))  # type: ignore[operator]


@given(some_rules(), st.sampled_from(KINDS), st.sampled_from(ASSETS), AMOUNTS)
def test_the_step_of_an_amount_names_the_rule_that_gates_it(
    rules: list[Rule], kind: str, asset: str, amount: Decimal
) -> None:
    general = [rule for rule in rules if not rule.client and not rule.group]
    facts = Facts(kind=kind, asset=asset, client="third", amount=amount, day_total=amount)
    [step] = [
        step
        for step in ladder(rules, kind, asset)
        if (step.at_least is None or step.at_least <= amount) and (step.below is None or amount < step.below)
    ]
    assert step.rule is most_demanding(general, facts)


@given(some_rules(), st.sampled_from(KINDS), st.sampled_from(ASSETS), st.sampled_from(CLIENTS), AMOUNTS)
def test_the_step_of_a_client_counts_the_rules_of_their_groups(
    rules: list[Rule], kind: str, asset: str, client: str, amount: Decimal
) -> None:
    facts = Facts(kind=kind, asset=asset, client=client, amount=amount, day_total=amount)
    [step] = [
        step
        for step in ladder(rules, kind, asset, Whom(client=client))
        if (step.at_least is None or step.at_least <= amount) and (step.below is None or amount < step.below)
    ]
    assert step.rule is most_demanding(rules, facts)


def test_an_amount_that_is_not_known_matches_no_band() -> None:
    rule = a_rule(asset="USD", at_least="10")
    assert most_demanding([rule], Facts(kind="withdrawal", asset="USD")) is None


def test_a_band_begins_with_its_first_amount_and_ends_before_its_last() -> None:
    rule = a_rule(asset="USD", at_least="10", below="20")
    gated = [
        text
        for text in ("9.99999999", "10", "10.00", "19.99999999", "20", "20.00")
        if most_demanding([rule], Facts(kind="withdrawal", asset="USD", amount=Decimal(text)))
    ]
    assert gated == ["10", "10.00", "19.99999999"]
