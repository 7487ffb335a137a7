"""Each control is tried for real and holds; made weak, it is reported, named, and administrators are told."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import mail
from django.db import connection, connections, transaction

from backoffice.accounts.mail import Letter
from backoffice.accounts.models import Person
from backoffice.approvals.models import Decision, Request, Rule
from backoffice.audit.models import Entry, Head
from backoffice.clients.models import Asset, Client
from backoffice.database.locks import Work
from backoffice.funding.models import Operation
from backoffice.health.models import SelfTest
from backoffice.health.selftest import services, stage
from backoffice.health.selftest.of_the_log import chain_break
from backoffice.health.selftest.services import CONTROLS, NIGHTLY, Finding, run_self_test, tried
from backoffice.health.selftest.trials import TOO_LONG, Trial, Verdict
from backoffice.orders.models import MintedReference
from tests.funding.cast import mirrored_asset


@pytest.fixture
def _house(committed: str, maya: Person, omar: Person, lina: Person, adam: Person) -> None:
    """Somebody to ask, two to approve, one to be told; a database whose owner may weaken it."""


def verdicts(finding: Finding) -> dict[str, str]:
    return {one.code: str(one.verdict) for one in finding.outcomes}


@contextmanager
def weakened(*statements: str) -> Iterator[None]:
    """Run SQL as the owner of the database, who could do so behind the product's back."""
    with connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    yield


@pytest.mark.usefixtures("_house")
@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_holds_and_leaves_nothing_behind(control: str) -> None:
    finding = tried(control)

    assert (finding.verdict, finding.why) == (Verdict.HELD, "")
    assert set(verdicts(finding).values()) == {"held"}
    for model in (Operation, Request, Decision, Client, MintedReference, Entry):
        assert not model._default_manager.exists(), model
    assert Head.objects.get().number == 0


@pytest.mark.usefixtures("_house")
def test_what_held_is_kept_and_stands_in_the_log(vera: Person) -> None:
    kept = run_self_test(by=vera)

    assert kept.passed and kept.person == vera
    entry = Entry.objects.get(event="selftest.passed")
    assert (entry.person, entry.role, entry.result) == (vera, "auditor", "done")
    assert entry.after is not None and {entry.after[control] for control in CONTROLS} == {"held"}
    assert Head.objects.get().number == entry.number == 1, "nothing of the trials is in the chain"


def drop_constraint(name: str, table: str) -> str:
    return f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"


def disable(trigger: str, table: str) -> str:
    return f"""DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE {table} DISABLE TRIGGER %I', tgname)
        FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND tgname LIKE 'pgtrigger_{trigger}_%'); END $$"""  # noqa: S608


def drop_unique(column: str, table: str) -> str:
    return f"""DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE {table} DROP CONSTRAINT %I CASCADE', conname)
        FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype IN ('u', 'p')
        AND conkey = ARRAY[(SELECT attnum FROM pg_attribute WHERE attrelid = '{table}'::regclass
                            AND attname = '{column}')]); END $$"""  # noqa: S608


def grant(verb: str) -> str:
    return f"GRANT {verb} ON audit_entry TO PUBLIC"


#: What weakens the database, the control it weakens, the trial that shows it, and how that comes out.
WEAKNESSES = [
    (
        "self_approval",
        [drop_constraint("nobody_decides_their_own_request", "approvals_decision")],
        "own_decision",
        "stopped_elsewhere",
    ),
    (
        "self_approval",
        [
            drop_constraint("nobody_decides_their_own_request", "approvals_decision"),
            disable("decided_by_managers", "approvals_decision"),
        ],
        "own_decision",
        "let_through",
    ),
    (
        "replayed_approval",
        [disable("decided_by_somebody_entitled", "approvals_decision")],
        "proof_elsewhere",
        "let_through",
    ),
    ("replayed_approval", [disable("decided_by_somebody_entitled", "approvals_decision")], "proof_late", "let_through"),
    (
        "replayed_approval",
        [drop_constraint("proof_decides_once_per_request", "approvals_decision")],
        "proof_twice",
        "let_through",
    ),
    (
        "altered_content",
        [disable("content_is_frozen", "funding_operation")],
        "altered_client",
        "let_through",
    ),
    ("altered_content", [disable("content_is_frozen", "approvals_request")], "altered_asked", "stopped_elsewhere"),
    ("chain_break", [grant("UPDATE"), disable("append_only", "audit_entry")], "log_update", "let_through"),
    ("chain_break", [grant("DELETE"), disable("append_only", "audit_entry")], "log_delete", "let_through"),
    ("chain_break", [disable("follows_the_head", "audit_entry")], "log_fork", "let_through"),
    ("chain_break", [disable("moves_with_its_entry", "audit_head")], "log_head", "let_through"),
    ("duplicate_reference", [drop_unique("reference", "funding_operation")], "reference_twice", "let_through"),
    ("duplicate_reference", [drop_unique("reference", "orders_mintedreference")], "reference_minted", "let_through"),
]


@pytest.mark.usefixtures("_house")
@pytest.mark.parametrize(("control", "statements", "trial", "verdict"), WEAKNESSES)
def test_a_guard_that_is_gone_is_found(control: str, statements: list[str], trial: str, verdict: str) -> None:
    with weakened(*statements):
        finding = tried(control)

    assert finding.verdict != Verdict.HELD
    assert verdicts(finding)[trial] == verdict, finding
    assert not Operation.objects.exists() and not Entry.objects.exists()


@pytest.mark.usefixtures("_house")
@pytest.mark.parametrize(
    ("target", "weak", "control", "trial"),
    [
        ("backoffice.approvals.policies._why_not_person", lambda *_arguments: None, "self_approval", "own_service"),
        (
            "backoffice.approvals.policies._why_not_content",
            lambda *_arguments: None,
            "altered_content",
            "altered_unseen",
        ),
        (
            "backoffice.health.selftest.of_approvals.why_not_in_force",
            lambda *_arguments: "",
            "altered_content",
            "altered_sent",
        ),
        (
            "backoffice.funding.services.creating._made_before",
            lambda *_arguments: None,
            "duplicate_reference",
            "form_twice",
        ),
    ],
)
def test_a_service_that_refuses_no_more_is_found(
    monkeypatch: pytest.MonkeyPatch, target: str, weak: Callable[..., Any], control: str, trial: str
) -> None:
    monkeypatch.setattr(target, weak)
    assert verdicts(tried(control))[trial] in ("let_through", "stopped_elsewhere")


@pytest.mark.usefixtures("_house")
def test_what_did_not_hold_is_named_in_the_log_and_administrators_are_told(
    monkeypatch: pytest.MonkeyPatch, adam: Person
) -> None:
    told: list[tuple[Person, str, str]] = []
    monkeypatch.setattr(services, "tell", lambda person, letter, said: told.append((person, letter, said["sentence"])))
    with weakened(disable("moves_with_its_entry", "audit_head")):
        kept = run_self_test(by=NIGHTLY)

    entry = Entry.objects.get(event="selftest.failed")
    assert not kept.passed
    assert (entry.result, entry.reason) == ("failed", "chain_break: let_through (log_head).")
    assert told == [(adam, Letter.SELF_TEST_ALARM, entry.reason)]


@pytest.mark.usefixtures("committed", "adam", "omar")
def test_a_control_that_could_not_be_tried_has_not_held_and_says_why() -> None:
    kept = run_self_test(by=NIGHTLY)

    by_control = {one["control"]: one for one in kept.findings}
    assert not kept.passed and by_control["chain_break"]["verdict"] == "held"
    assert by_control["self_approval"]["verdict"] == "not_tried"
    assert "somebody in finance" in Entry.objects.get(event="selftest.failed").reason
    assert not mail.outbox


def of(*statements: str) -> Iterator[Trial]:
    """A trial that runs SQL and should be stopped by a guard."""

    def act() -> None:
        with connections["default"].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    yield Trial("log_head", ("moves_with_its_entry",), act)


def broken() -> Iterator[Trial]:
    yield Trial("log_head", (), lambda: 1 // 0)


@pytest.mark.usefixtures("committed", "adam")
@pytest.mark.parametrize(
    ("trials", "why"),
    [
        (lambda: of("SET LOCAL lock_timeout = '20ms'", "TABLE approvals_decision"), TOO_LONG),
        (lambda: of("SET LOCAL statement_timeout = '20ms'", "SELECT pg_sleep(5)"), TOO_LONG),
        (lambda: of("DO $$ BEGIN RAISE SQLSTATE '40P01' USING MESSAGE = 'deadlock'; END $$"), TOO_LONG),
        (lambda: of("DO $$ BEGIN RAISE SQLSTATE '53100' USING MESSAGE = 'disk full'; END $$"), "disk full"),
        (broken, "ZeroDivisionError: "),
    ],
)
def test_what_the_server_cannot_do_now_is_no_alarm_and_the_other_controls_are_tried(
    monkeypatch: pytest.MonkeyPatch, trials: Callable[[], Iterator[Trial]], why: str
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(services, "tell", lambda *said: told.append(said))
    monkeypatch.setattr(services, "CONTROLS", {"self_approval": trials, "chain_break": chain_break})
    with transaction.atomic(using="owner"), weakened("LOCK TABLE approvals_decision IN ACCESS EXCLUSIVE MODE"):
        first, second = run_self_test(by=NIGHTLY).findings

    assert (first["verdict"], second["verdict"]) == ("not_tried", "held")
    assert first["why"].startswith(why)
    assert not told
    assert Entry.objects.get().event == "selftest.failed", "what was not tried has not held"


@pytest.mark.usefixtures("committed")
def test_a_head_of_the_log_that_is_held_by_somebody_leaves_the_log_untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "PATIENCE", "20ms")
    with transaction.atomic(using="owner"), weakened("SELECT FROM audit_head FOR UPDATE"):
        assert (tried("chain_break").verdict, tried("chain_break").why) == (Verdict.NOT_TRIED, TOO_LONG)


@pytest.mark.usefixtures("committed")
def test_the_controls_are_tried_on_request_for_one_person_at_a_time(
    monkeypatch: pytest.MonkeyPatch, vera: Person
) -> None:
    monkeypatch.setattr(services, "CONTROLS", {"chain_break": chain_break})
    with connections["owner"].cursor() as elsewhere:
        elsewhere.execute("SELECT pg_advisory_lock(%s, %s)", [Work.SELF_TEST.value, 1])
        with pytest.raises(services.TooSoon, match="are being tried already. Look again in a moment."):
            services.run_now(by=vera)
        elsewhere.execute("SELECT pg_advisory_unlock(%s, %s)", [Work.SELF_TEST.value, 1])
        assert services.run_now(by=vera).passed
        elsewhere.execute("SELECT pg_try_advisory_lock(%s, %s)", [Work.SELF_TEST.value, 1])
        assert elsewhere.fetchone() == (True,), "nothing of the lock stays"


@pytest.mark.usefixtures("_house")
def test_a_rule_that_asks_for_two_is_met_by_two(lina: Person) -> None:
    assert tried("altered_content").verdict == Verdict.HELD
    with weakened("ALTER TABLE approvals_rule DISABLE TRIGGER USER", "UPDATE approvals_rule SET people_needed = 2"):
        assert {rule.people_needed for rule in Rule.objects.all()} == {2}
        assert tried("altered_content").verdict == Verdict.HELD
        Person.objects.filter(pk=lina.pk).update(is_active=False)
        assert "more managers" in tried("altered_content").why


def test_results_are_kept_as_they_were_found(committed: str) -> None:
    kept = run_self_test(by=NIGHTLY)
    with pytest.raises(Exception, match=r"permission denied|Cannot update"):
        SelfTest.objects.filter(pk=kept.pk).update(passed=True)


def until_waited_for() -> None:
    """Wait until another connection waits for what this one has locked."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
    until = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(waiting)
            if cursor.fetchone() == (True,):
                break
            time.sleep(0.01)
        else:
            raise AssertionError("nobody waits")


@pytest.mark.usefixtures("_house")
@pytest.mark.parametrize("control", ["replayed_approval", "altered_content"])
def test_a_trial_that_waits_for_a_manager_holds_nothing_of_the_log(
    control: str, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An approval locks the manager and then the head of the log; the other way round, the two would end each other."""
    monkeypatch.setattr(services, "PATIENCE", "30s")

    def try_it() -> Finding:
        try:
            return tried(control)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as elsewhere:
        with transaction.atomic():
            Person.objects.select_for_update(no_key=True).get(pk=omar.pk)
            trying = elsewhere.submit(try_it)
            until_waited_for()
            Head.objects.select_for_update(nowait=True).get()
        assert trying.result().verdict == Verdict.HELD


@pytest.mark.usefixtures("_house")
def test_nothing_that_refers_to_the_asset_waits_for_a_trial() -> None:
    """As the row of an operation does that somebody creates meanwhile."""
    usd = mirrored_asset("USD")
    with ThreadPoolExecutor(1) as elsewhere, transaction.atomic():
        stage.asset(usd.pk)
        assert elsewhere.submit(referred_to, usd).result() == usd


def referred_to(asset: Asset) -> Asset:
    """Lock an asset as a foreign key to it does."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM clients_asset WHERE asset_id = %s FOR KEY SHARE NOWAIT", [asset.pk])
        return asset
    finally:
        connection.close()
