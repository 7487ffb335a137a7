"""The database refuses what the code is made to skip."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.db.utils import DatabaseError

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request, Rule, RuleSet
from backoffice.approvals.ruling import queries
from backoffice.approvals.services import reject
from backoffice.database import clock
from tests.approvals.ruling.cast import add, submitted
from tests.approving import approve, shown

pytestmark = pytest.mark.usefixtures("db")
REFUSALS = (IntegrityError, InternalError, DatabaseError)


@pytest.fixture
def asked(draft: RuleSet, adam: Person) -> Request:
    add(adam)
    return submitted(draft, adam)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(REFUSALS) as caught, transaction.atomic():
        act()
    return str(caught.value)


def move(rule_set: RuleSet, **change: object) -> Callable[[], object]:
    return lambda: RuleSet.objects.filter(pk=rule_set.pk).update(**change)


def test_it_refuses_a_second_live_version(asked: Request, draft: RuleSet) -> None:
    held = queries.live()
    assert refused(lambda: RuleSet.objects.create(version=9, state="live", made_at=clock.now()))
    assert refused(move(draft, state="live", live_at=clock.now()))
    assert queries.live() == held


def test_it_refuses_a_version_that_goes_live_without_approval(asked: Request, draft: RuleSet) -> None:
    move(queries.live(), state="former")()
    assert "was not approved by a second person" in refused(move(draft, state="live", live_at=clock.now()))


def test_it_refuses_a_version_that_is_live_from_birth() -> None:
    assert "may not begin as" in refused(
        lambda: RuleSet.objects.create(version=9, state="proposed", made_at=clock.now())
    )


@pytest.mark.parametrize("change", [{"people_needed": 1}, {"at_least": None}, {"name": "Other"}, {"group": "VIP"}])
def test_it_refuses_to_change_a_rule_that_waits_or_is_live(
    change: dict[str, object], asked: Request, omar: Person
) -> None:
    large = Rule.objects.filter(name="Large withdrawals, USD")
    assert "only the rules of a draft change" in refused(lambda: large.update(**change))
    approve(asked, by=omar)
    assert "only the rules of a draft change" in refused(lambda: large.update(**change))
    assert "only the rules of a draft change" in refused(large.delete)
    assert "only the rules of a draft change" in refused(
        lambda: Rule.objects.create(rule_set=queries.live(), name="More", kind="deposit")
    )


@pytest.mark.parametrize(
    "change",
    [{"groups": {"VIP": ["x"]}}, {"note": "x"}, {"fingerprint": "0" * 64}, {"approval": None}, {"live_at": clock.now}],
)
def test_it_refuses_to_change_anything_of_a_live_version(
    change: dict[str, object], asked: Request, omar: Person, draft: RuleSet
) -> None:
    approve(asked, by=omar)
    change = {key: value() if callable(value) else value for key, value in change.items()}
    assert refused(move(draft, **change))


def test_it_refuses_to_change_what_waits_behind_the_back_of_who_decides(asked: Request, draft: RuleSet) -> None:
    again = {"state": "draft", "fingerprint": "", "approval": None}
    assert "waits for a decision" in refused(move(draft, **again))


def test_it_refuses_to_propose_without_a_request_that_waits_for_exactly_this(draft: RuleSet) -> None:
    assert refused(move(draft, state="proposed"))
    assert refused(move(draft, state="proposed", fingerprint="0" * 64))


def test_it_refuses_to_propose_again_what_was_rejected(asked: Request, draft: RuleSet, omar: Person) -> None:
    reject(request_id=asked.pk, fingerprint=asked.fingerprint, reason_code="other", note="No.", by=omar)
    proposed = {"state": "proposed", "fingerprint": asked.fingerprint, "approval": asked}
    assert "no request waits" in refused(move(draft, **proposed))


def test_it_refuses_a_second_draft(draft: RuleSet) -> None:
    assert refused(lambda: RuleSet.objects.create(version=9, made_at=clock.now()))


def test_it_keeps_every_version(draft: RuleSet) -> None:
    assert refused(draft.delete)


def ask(by: Person, **pinned: object) -> Callable[[], object]:
    now = clock.now()
    said: dict[str, object] = {
        "kind": "operation",
        "subject": "wd-1",
        "title": "Withdrawal",
        "amount": Decimal(5),
        "fingerprint": "0" * 64,
        "rule": "Every withdrawal",
        "rule_version": 1,
        "people_needed": 1,
        "requested_by": by,
        "requested_at": now,
        "valid_until": now + timedelta(hours=1),
        **pinned,
    }
    return lambda: Request.objects.create(**said)


@pytest.mark.parametrize(
    "pinned", [{"rule": "Nothing"}, {"rule_version": 7}, {"people_needed": 2}, {"rule": "Every file of operations"}]
)
def test_it_refuses_a_request_that_names_no_rule_there_is(pinned: dict[str, object], maya: Person) -> None:
    assert "names no rule of its kind that is or was live" in refused(ask(maya, **pinned))


def test_it_refuses_a_request_under_a_rule_that_is_only_drafted(draft: RuleSet, adam: Person, maya: Person) -> None:
    add(adam)
    pinned = {"rule": "Large withdrawals, USD", "rule_version": draft.version, "people_needed": 2}
    assert "names no rule of its kind that is or was live" in refused(ask(maya, **pinned))


def test_it_takes_a_request_under_a_rule_that_is_live(maya: Person) -> None:
    assert ask(maya)()


def test_it_refuses_other_rules_without_a_second_factor_for_exactly_them(adam: Person) -> None:
    about = {"kind": "rules", "subject": "rules-2-1", "rule": "Every change of the rules"}
    assert "not asked with a proof" in refused(ask(adam, **about))
    other = shown(adam, "1" * 64, clock.now())
    assert "not asked with a proof" in refused(ask(adam, **about, asked_with=other))
