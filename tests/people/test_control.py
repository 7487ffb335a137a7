"""Who could move money alone: the report against the policies' own answers, and against a slow twin."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import combinations, permutations
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts import proofs
from backoffice.accounts.matrix import TABLE
from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals import subjects
from backoffice.approvals.absences import services as absences
from backoffice.approvals.absences.policies import Absence
from backoffice.approvals.control import Member, Snapshot, Stuck, difference, managers_demanded, report, snapshot_now
from backoffice.approvals.control.acts import ASKERS, Act, ActKind, acts_under
from backoffice.approvals.control.reporting import can_ask, can_decide, line_of
from backoffice.approvals.control.words import sentences_of
from backoffice.approvals.matching import Facts, most_demanding
from backoffice.approvals.models import Request, Rule, RuleSet
from backoffice.approvals.policies import why_not_decide
from backoffice.database import clock
from backoffice.funding import policies as funding
from backoffice.people import policies as people
from tests.ruling import rule

MAYA, OMAR, LINA = Member(1, "Maya", "finance"), Member(2, "Omar", "manager"), Member(3, "Lina", "manager")
ADAM, VERA = Member(4, "Adam", "administrator"), Member(5, "Vera", "auditor")
CAST = (MAYA, OMAR, LINA, ADAM, VERA)


def usd(kind: str, name: str, people: int = 1, **band: object) -> Rule:
    return rule(kind, name, asset="USD", people_needed=people, **band)


RULES = (
    rule("withdrawal"),
    usd("withdrawal", "Large", 2, at_least=Decimal(1000)),
    usd("deposit", "Large in", at_least=Decimal(500)),
    usd("deposit", "Many in", day_total_from=Decimal(900)),
    *(rule(kind) for kind in ("bulk", "closing", "release", "account", "rules")),
)
NOW = Snapshot(CAST, RULES)


def acts_of(kind: ActKind, rules: tuple[Rule, ...] = RULES) -> list[Act]:
    return [act for act in acts_under(rules) if act.kind is kind]


# Each kind of act -----------------------------------------------------------------------------------------------------


def test_every_band_of_every_asset_stands_on_a_line() -> None:
    bands = [(act.asset, act.at_least, act.below, act.people_needed) for act in acts_of(ActKind.WITHDRAWAL)]
    assert bands == [("USD", None, 1000, 1), ("USD", 1000, None, 2), ("", None, None, 1)]


def test_deposits_without_a_rule_stand_beside_those_with_one() -> None:
    bands = [(act.asset, act.at_least, act.below, act.is_ungated, act.day_limit) for act in acts_of(ActKind.DEPOSIT)]
    assert bands == [("USD", None, 500, True, 900), ("USD", 500, None, False, None), ("", None, None, True, None)]


@pytest.mark.parametrize("kind", list(ActKind))
def test_every_kind_of_act_has_a_line(kind: ActKind) -> None:
    assert acts_of(kind)


@pytest.mark.parametrize("kind", [kind for kind in ActKind if kind is not ActKind.DEPOSIT])
def test_what_no_rule_lets_through_is_blocked_and_nobodys_way(kind: ActKind) -> None:
    found = report(Snapshot(CAST, ()))
    assert {line.stuck for line in found.lines if line.act.kind is kind} == {Stuck.NO_RULE}
    assert all(act.kind is ActKind.DEPOSIT for alone in found.alone for act in alone.acts)


def test_a_day_total_that_counts_large_payments_only_limits_no_small_ones() -> None:
    rules = (usd("deposit", "Many large", at_least=Decimal(100), day_total_from=Decimal(900)),)
    small = acts_of(ActKind.DEPOSIT, rules)[0]
    assert (small.is_ungated, small.day_limit) == (True, None)


def test_a_rule_for_one_client_has_a_line_of_its_own() -> None:
    rules = (*RULES, rule("deposit", "Noura's", client="user_1"))
    own = [act for act in acts_of(ActKind.DEPOSIT, rules) if act.whom.client]
    assert {(act.whom.client, act.people_needed) for act in own} == {("user_1", 1)}


@pytest.mark.parametrize(
    ("people", "kind", "stuck"),
    [
        ((OMAR, LINA), ActKind.WITHDRAWAL, Stuck.NOBODY_ASKS),
        ((MAYA, VERA), ActKind.WITHDRAWAL, Stuck.TOO_FEW),
        ((MAYA, OMAR), ActKind.WITHDRAWAL, None),
        ((MAYA, OMAR), ActKind.RULES, Stuck.NOBODY_ASKS),
        ((ADAM, OMAR), ActKind.RULES, None),
        ((OMAR,), ActKind.RELEASE, Stuck.TOO_FEW),
        ((OMAR, LINA), ActKind.UNLOCK, None),
    ],
)
def test_what_can_be_done_today(people: tuple[Member, ...], kind: ActKind, stuck: Stuck | None) -> None:
    assert line_of(acts_of(kind)[0], Snapshot(people, RULES)).stuck is stuck


def test_two_people_are_needed_where_a_rule_says_two() -> None:
    small, large = acts_of(ActKind.WITHDRAWAL)[:2]
    one_manager = Snapshot((MAYA, OMAR), RULES)
    assert line_of(small, one_manager).stuck is None
    assert line_of(large, one_manager).stuck is Stuck.TOO_FEW


@pytest.mark.parametrize(
    ("people", "kind", "not_for"),
    [
        ((MAYA, OMAR), ActKind.RELEASE, (OMAR,)),
        ((MAYA, OMAR, LINA), ActKind.RELEASE, ()),
        ((OMAR, LINA), ActKind.RELEASE, (OMAR, LINA)),
        ((MAYA, OMAR), ActKind.UNLOCK, ()),
        ((ADAM, OMAR, LINA, MAYA), ActKind.ACCOUNT, (ADAM,)),
        ((ADAM, OMAR, MAYA), ActKind.ACCOUNT, (ADAM, OMAR)),
    ],
)
def test_for_whom_it_cannot_be_done(people: tuple[Member, ...], kind: ActKind, not_for: tuple[Member, ...]) -> None:
    assert line_of(acts_of(kind)[0], Snapshot(people, RULES)).not_for == not_for


# Alone and together ---------------------------------------------------------------------------------------------------


def test_nobody_withdraws_alone_and_finance_deposits_alone_below_the_rule() -> None:
    ways = {one.person.name: [(act.kind, act.below, act.day_limit) for act in one.acts] for one in report(NOW).alone}
    deposits = [(ActKind.DEPOSIT, 500, 900), (ActKind.DEPOSIT, None, None)]
    assert ways == {"Maya": deposits, "Omar": [], "Lina": [], "Adam": [], "Vera": []}


def test_two_can_do_what_one_other_person_is_enough_for() -> None:
    pairs = {(pair.first.name, pair.second.name): pair for pair in report(NOW).pairs}
    assert set(pairs) == {("Maya", "Omar"), ("Maya", "Lina"), ("Omar", "Adam"), ("Lina", "Adam")}
    together = [(act.kind, act.asset, act.below) for act in pairs["Maya", "Omar"].acts]
    assert together == [
        (ActKind.WITHDRAWAL, "USD", 1000),
        (ActKind.WITHDRAWAL, "", None),
        (ActKind.DEPOSIT, "USD", None),
    ]
    assert not pairs["Maya", "Omar"].through_account


def test_an_administrator_and_a_manager_could_invite_whom_they_need() -> None:
    pair = next(pair for pair in report(NOW).pairs if {pair.first, pair.second} == {ADAM, OMAR})
    assert (pair.acts, pair.through_account) == ((), True)


def test_where_accounts_take_two_managers_no_pair_makes_one() -> None:
    rules = (*(one for one in RULES if one.kind != "account"), rule("account", people_needed=2))
    assert not any(pair.through_account for pair in report(Snapshot(CAST, rules)).pairs)


def test_a_person_who_is_deactivated_can_do_nothing() -> None:
    found = report(NOW.without(MAYA.id))
    assert all(not one.acts for one in found.alone)
    assert all(MAYA.id not in (pair.first.id, pair.second.id) for pair in found.pairs)


# Tried before it is saved ---------------------------------------------------------------------------------------------


def test_a_role_can_be_tried_on_it() -> None:
    found = difference(report(NOW), report(NOW.with_role(VERA.id, "finance")))
    assert [gain.people for gain in found.alone_gained] == [(replaced(VERA, "finance"),)]
    assert len(found.pairs_gained) == 2
    assert not found.stuck


def test_rules_can_be_tried_on_it() -> None:
    laxer = tuple(one for one in RULES if one.name != "Large")
    worse, better = sentences_of(difference(report(NOW), report(NOW.with_rules(laxer))))
    assert worse == ["Maya and Omar or Lina could together: Withdrawals of 1,000 USD or more."]
    assert better == []


def test_a_limit_on_a_day_that_falls_is_a_gain() -> None:
    laxer = tuple(one for one in RULES if one.name != "Many in")
    worse, better = sentences_of(difference(report(NOW), report(NOW.with_rules(laxer))))
    assert worse == ["Maya could send money alone: Deposits below 500 USD each, no limit on a day."]
    assert better == []


def test_a_rule_that_is_missing_altogether_blocks() -> None:
    fewer = tuple(one for one in RULES if one.kind != "closing")
    worse, better = sentences_of(difference(report(NOW), report(NOW.with_rules(fewer))))
    assert worse == ["Closings by hand: still possible? No: an administrator has to add a rule."]
    assert sentences_of(difference(report(NOW.with_rules(fewer)), report(NOW)))[1] == [
        "Closings by hand: can be done again."
    ]


def test_what_can_no_longer_be_done_is_said() -> None:
    found = difference(report(NOW), report(NOW.with_role(MAYA.id, "auditor")))
    worse, better = sentences_of(found)
    assert "Withdrawals: still possible? No: nobody can ask for it." in worse
    assert "Maya could no longer send money alone." in better
    assert "Maya and Omar or Lina could no longer move money together." in better


def test_what_is_the_same_makes_no_difference() -> None:
    assert difference(report(NOW), report(NOW)).is_empty


def test_what_is_lost_one_way_is_gained_the_other() -> None:
    before, after = report(NOW), report(NOW.without(OMAR.id))
    lost, gained = difference(before, after), difference(after, before)
    assert (lost.pairs_lost, lost.alone_lost, lost.stuck) == (gained.pairs_gained, gained.alone_gained, gained.freed)


def replaced(member: Member, role: str) -> Member:
    return Member(member.id, member.name, role, member.is_active)


def test_as_many_managers_are_needed_as_the_most_demanding_rule_says() -> None:
    assert managers_demanded(RULES) == 2
    assert managers_demanded(()) == 0


# Against the policies -------------------------------------------------------------------------------------------------

#: Where each kind of act is asked for: the matrix is held to the views, and this table to the matrix.
ASKED_AT = {
    ActKind.WITHDRAWAL: "funding:withdraw",
    ActKind.DEPOSIT: "funding:deposit",
    ActKind.BULK: "funding:bulk_confirm",
    ActKind.CLOSING: "funding:close",
    ActKind.RELEASE: "freezing:release",
    ActKind.UNLOCK: "freezing:release",
    ActKind.ACCOUNT: "people:role",
    ActKind.RULES: "rules:submit",
}


@pytest.mark.parametrize("kind", list(ActKind))
def test_who_can_ask_is_what_the_matrix_says(kind: ActKind) -> None:
    assert set(ASKERS[kind]) == set(TABLE[ASKED_AT[kind]].post)


@pytest.mark.parametrize("role", list(Role))
def test_who_can_ask_is_what_the_policies_say(role: Role) -> None:
    person, member = Person(pk=9, name="Ida", role=role), Member(9, "Ida", role)
    answers = {
        ActKind.WITHDRAWAL: funding.can_ask(person),
        ActKind.ACCOUNT: not refused(people.check_can_change, person),
    }
    assert answers == {kind: can_ask(member, Act(kind)) for kind in answers}


def refused(check: Any, *arguments: object) -> bool:
    try:
        check(*arguments)
    except Refused:
        return True
    return False


PEOPLE = st.lists(st.tuples(st.sampled_from(list(Role)), st.booleans()), min_size=2, max_size=5)


class Tried:
    """A subject that says nothing, in the place of operations, so that the policy itself answers and nothing else."""

    kind = "operation"
    words = subjects.Words(approve="Approve", to_subject="To it", if_rejected="Nothing happens.")

    def current_fingerprint(self, key: str) -> str:
        return "f" * 64


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(staff=PEOPLE, barred=st.integers(0, 4), hands_over=st.booleans())
def test_nobody_is_reported_unable_who_is_able_nor_the_other_way_round(
    db: None, staff: list[tuple[Role, bool]], barred: int, hands_over: bool
) -> None:
    with undone(), patch.dict(subjects._subjects, {Tried.kind: Tried()}):
        found = [a_person(place, role) for place, (role, _is_active) in enumerate(staff)]
        if hands_over:
            hand_over_in_pairs([one for one in found if one.is_manager])
        for person, (_role, is_active) in zip(found, staff, strict=True):
            person.is_active = is_active
            person.save(update_fields=["is_active"])
        kept_out = found[barred] if barred < len(found) else None
        assert_agrees(found, found[0], kept_out)


def assert_agrees(found: list[Person], asker: Person, kept_out: Person | None) -> None:
    """Ask the report and the policy whether each may decide, in their own name and for whoever handed over to them."""
    now, snapshot, request = timezone.now(), snapshot_now(), asked_for(asker, kept_out)
    members = {one.id: one for one in snapshot.people}
    barred = members[kept_out.pk] if kept_out else None
    for person in found:
        is_able = why_not_decide(person, request, now) is None
        assert can_decide(members[person.pk], members[asker.pk], barred) == is_able, person.role
        for away in (one for one in found if (one.pk, person.pk) in snapshot.delegations):
            speaks = why_not_decide(person, request, now, for_person=away) is None
            assert is_able or not speaks, "a delegation gave a right"


def a_person(place: int, role: Role) -> Person:
    return Person.objects.create_person(email=f"p{place}@example.com", name=f"P{place}", role=role, password="used")


def hand_over_in_pairs(managers: list[Person]) -> None:
    """Have every second manager decide for the one before: nothing is handed on."""
    for away, stand_in in zip(managers[::2], managers[1::2], strict=False):
        begins_at = clock.now()
        planned = Absence(away=away, stand_in=stand_in, begins_at=begins_at, ends_at=begins_at + timedelta(days=1))
        proof = proofs.write_down(away, absences.fingerprint_of(planned))
        absences.hand_over(planned, by=away, proof=proof)


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever an example wrote."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def asked_for(by: Person, barred: Person | None) -> Request:
    now = timezone.now()
    return Request.objects.create(
        kind=Tried.kind,
        subject="tried",
        title="Tried",
        fingerprint="f" * 64,
        rule="Every withdrawal",
        rule_version=1,
        requested_by=by,
        requested_at=now,
        barred=barred,
        valid_until=now + timedelta(hours=1),
    )


AMOUNTS = st.sampled_from([None, *(Decimal(n) for n in (1, 10, 100, 1000))])


@st.composite
def money_rules(draw: st.DrawFn) -> list[Rule]:
    """Some rules for withdrawals and deposits, in overlapping bands of two assets and of none."""
    made = []
    for place in range(draw(st.integers(0, 6))):
        asset = draw(st.sampled_from(["", "USD", "BTC"]))
        low, high, total = (draw(AMOUNTS) if asset else None for _bound in range(3))
        if low is not None and high is not None and high <= low:
            high = None
        one = rule(
            draw(st.sampled_from(["withdrawal", "deposit"])),
            f"rule {place}",
            asset=asset,
            at_least=low,
            below=high,
            day_total_from=total,
            people_needed=draw(st.integers(1, 3)),
        )
        one.rule_set = RuleSet(groups={})
        made.append(one)
    return made


@given(rules=money_rules(), amount=st.integers(1, 20_000), asset=st.sampled_from(["USD", "BTC", "ETH"]))
def test_every_amount_stands_on_the_line_of_the_rule_that_gates_it(rules: list[Rule], amount: int, asset: str) -> None:
    value = Decimal(amount) / 10
    for kind in (ActKind.WITHDRAWAL, ActKind.DEPOSIT):
        of_kind = {one.asset for one in rules if one.kind == kind}
        lines = [
            act for act in acts_under(rules) if act.kind is kind and act.asset == (asset if asset in of_kind else "")
        ]
        meant = [act for act in lines if (act.at_least or 0) <= value and (act.below is None or value < act.below)]
        facts = Facts(kind=kind, asset=asset, amount=value, day_total=value)
        assert [act.rule for act in meant] == [most_demanding(rules, facts)]


MEMBERS = st.lists(
    st.builds(Member, st.just(0), st.just("P"), st.sampled_from([str(role) for role in Role]), st.booleans()),
    max_size=5,
).map(lambda people: tuple(Member(n, f"P{n}", one.role, one.is_active) for n, one in enumerate(people)))


@settings(max_examples=150, deadline=None)
@given(people_=MEMBERS, rules=money_rules(), for_accounts=st.integers(0, 3))
def test_the_report_agrees_with_a_slow_twin(people_: tuple[Member, ...], rules: list[Rule], for_accounts: int) -> None:
    accounts = [rule("account", people_needed=for_accounts)] if for_accounts else []
    snapshot = Snapshot(people_, (*rules, *accounts))
    found = report(snapshot)

    alone = {(one.person.id, act) for one in found.alone for act in one.acts}
    money = [act for act in acts_under(snapshot.rules) if act.moves_money]
    assert alone == {(one.id, act) for one in people_ for act in money if twin_can(act, [one])}

    pairs = {(pair.first.id, pair.second.id): pair for pair in found.pairs}
    making = next(act for act in acts_under(snapshot.rules) if act.kind is ActKind.ACCOUNT)
    for first, second in combinations(people_, 2):
        pair = pairs.get((first.id, second.id))
        acts = {
            act
            for act in money
            if twin_can(act, [first, second]) and not twin_can(act, [first]) and not twin_can(act, [second])
        }
        assert set(pair.acts if pair else ()) == acts
        assert (pair is not None and pair.through_account) == twin_can(making, [first, second])


def twin_can(act: Act, who: list[Member]) -> bool:
    """Try every order of these people: the first asks, the next ones approve, as many as it takes."""
    if act.is_blocked:
        return False
    return any(
        order[0].is_active
        and order[0].role in ASKERS[act.kind]
        and all(one.is_active and one.role == "manager" for one in order[1:])
        for order in permutations(who, act.people_needed + 1)
    )
