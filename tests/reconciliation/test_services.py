"""Reconciling a window, with CoinMENA answering over real HTTP: evidence, completeness, what is kept."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.funding.states import State
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.orders.models import Order
from backoffice.reconciliation.comparing.patience import Patience
from backoffice.reconciliation.comparing.windows import WindowRefused
from backoffice.reconciliation.models import Finding, ReferenceCheck, Run, Verdict
from backoffice.reconciliation.services import running
from backoffice.reconciliation.services.running import reconcile
from tests.partners import Partners
from tests.reconciliation import rows
from tests.reconciliation.rows import Ours, Theirs

NOW = timezone.now()
LONG_AGO = NOW - timedelta(hours=3)
START = NOW - timedelta(hours=6)


def read_up_to(moment: datetime, state: SyncRun.State = SyncRun.State.COMPLETE) -> SyncRun:
    """The mirror of the orders, read up to `moment`."""
    return SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=state, started_at=moment, finished_at=moment, read_to=moment
    )


def run_over_the_morning(by: Person | System | None = None, **wanted: object) -> Run:
    """A window that is over, and read past its end."""
    end = NOW - timedelta(hours=1)
    return reconcile(window_from=START, window_to=end, by=by or System("test"), **wanted)  # type: ignore[arg-type]


@pytest.fixture
def read(db: None) -> None:
    read_up_to(NOW - timedelta(minutes=30))


def test_a_window_in_which_everything_agrees_is_clean(read: None) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    rows.order(Theirs(reference="dep-1", at=LONG_AGO))
    run = run_over_the_morning()
    assert (run.is_clean, run.counts, run.ours_count, run.theirs_count) == (True, {"matched": 1}, 1, 1)


def test_a_window_in_which_nothing_happened_is_clean(read: None) -> None:
    run = run_over_the_morning()
    assert (run.is_clean, run.counts, run.totals) == (True, {}, [])


def test_it_calls_missing_only_what_coinmena_says_it_does_not_have(read: None, partners: Partners) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    run = run_over_the_morning()
    finding = run.findings.get()
    assert (finding.verdict, run.is_complete) == (Verdict.MISSING_AT_PARTNER, True)
    assert finding.check_made is not None
    assert (finding.check_made.found, finding.check_made.http_status) == (False, 404)
    assert bytes(finding.check_made.raw).startswith(b"{")
    assert finding.check_made.environment


def test_it_mirrors_an_order_the_look_up_brought(read: None, partners: Partners) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    partners.make_client("user_1")
    made = partners.make_order(
        "user_1", amount="500.00", reference="dep-1", created_at=f"{LONG_AGO:%Y-%m-%dT%H:%M:%SZ}"
    )
    run = run_over_the_morning()
    assert run.counts == {"matched": 1}
    assert Order.objects.get().pk == made["id"]
    assert ReferenceCheck.objects.get().found is True


def test_a_partner_that_is_down_makes_a_run_partial_and_no_verdict_false(read: None, partners: Partners) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    rows.operation(Ours(reference="dep-2", at=LONG_AGO))
    with partners.down():
        run = run_over_the_morning()
    assert (run.is_complete, run.counts) == (False, {"mirror_behind": 2})
    assert "CoinMENA did not answer" in run.incomplete_because
    assert "2 operations without an order could not be looked up" in run.incomplete_because


@pytest.mark.parametrize("how", ["html", "empty", "truncated", "not_an_object"])
def test_a_not_found_that_anybody_could_have_written_proves_no_absence(
    read: None, partners: Partners, how: str
) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    partners.fault("broken", how=how, times=None)
    run = run_over_the_morning()
    assert (run.counts, run.is_complete) == ({"mirror_behind": 1}, False)
    assert not ReferenceCheck.objects.filter(found=False).exists()


def test_it_reads_what_was_made_since_the_mirror_was_read(db: None, partners: Partners) -> None:
    read_up_to(NOW - timedelta(minutes=12))
    partners.make_client("user_1")
    partners.make_order("user_1", amount="500.00", created_at=(NOW - timedelta(minutes=10)).isoformat())
    run = reconcile(window_from=START, window_to=NOW - timedelta(minutes=3), by=System("test"))
    assert (run.counts, run.is_complete) == ({"extra_at_partner": 1}, True)


def test_a_window_that_reaches_past_what_was_read_is_partial(db: None, partners: Partners) -> None:
    read_up_to(NOW - timedelta(hours=2))
    run = run_over_the_morning()
    assert not run.is_complete
    assert "read up to" in run.incomplete_because


@pytest.mark.parametrize("state", [None, SyncRun.State.PARTIAL, SyncRun.State.FAILED])
def test_without_a_complete_reading_nothing_is_proven(db: None, state: SyncRun.State | None) -> None:
    if state is not None:
        read_up_to(NOW, state)
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    run = run_over_the_morning()
    assert (run.is_complete, run.counts, run.mirror_read_to) == (False, {"mirror_behind": 1}, None)


def test_it_does_not_ask_for_more_than_somebody_can_wait_for(
    read: None, partners: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SOMEBODY_WAITS", Patience(2, timedelta(seconds=15)))
    for number in range(4):
        rows.operation(Ours(reference=f"dep-{number}", at=LONG_AGO))
    run = run_over_the_morning()
    assert (run.counts, run.is_complete) == ({"missing_at_partner": 2, "mirror_behind": 2}, False)
    assert ReferenceCheck.objects.count() == 2


def test_it_gives_up_when_patience_is_used_up(read: None, partners: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SOMEBODY_WAITS", Patience(50, timedelta()))
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    run = run_over_the_morning()
    assert (run.counts, run.is_complete) == ({"mirror_behind": 1}, False)


def test_what_lies_ahead_is_cut_off(read: None) -> None:
    run = reconcile(window_from=START, window_to=NOW + timedelta(days=1), by=System("test"))
    assert run.window_to == run.started_at


@pytest.mark.parametrize(
    ("start", "end"),
    [(NOW + timedelta(hours=1), NOW + timedelta(hours=2)), (NOW, NOW), (NOW, NOW - timedelta(hours=1))],
)
def test_it_refuses_a_window_that_holds_nothing(db: None, start: datetime, end: datetime) -> None:
    with pytest.raises(WindowRefused):
        reconcile(window_from=start, window_to=end, by=System("test"))


def test_finance_and_managers_may_reconcile(read: None, maya: Person, omar: Person) -> None:
    assert run_over_the_morning(maya).run_by == maya
    assert run_over_the_morning(omar).run_by == omar


def test_nobody_else_may_reconcile_and_nothing_is_kept(read: None, vera: Person, adam: Person) -> None:
    for person in (vera, adam):
        with pytest.raises(Refused, match="finance and managers"):
            run_over_the_morning(person)
    assert not Run.objects.exists()


def test_a_second_run_over_the_same_rows_has_the_same_digest(read: None, partners: Partners) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    rows.order(Theirs(reference="dep-1", at=LONG_AGO, amount=Decimal("499.50")))
    rows.operation(Ours(reference="dep-2", at=LONG_AGO))
    first, second = run_over_the_morning(), run_over_the_morning()
    assert (first.digest, first.counts, first.totals) == (second.digest, second.counts, second.totals)


def test_a_changed_order_changes_the_digest(read: None) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    order = rows.order(Theirs(reference="dep-1", at=LONG_AGO))
    before = run_over_the_morning()
    Order.objects.filter(pk=order.pk).update(status="failed")
    assert run_over_the_morning().digest != before.digest


def test_the_run_stands_in_the_audit_log_with_its_digest(read: None, maya: Person) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    rows.order(Theirs(reference="dep-1", at=LONG_AGO))
    run = run_over_the_morning(maya, client=rows.client("user_1"))
    entry = Entry.objects.get(event="reconciliation.run")
    assert (entry.person, entry.object_id, entry.client) == (maya, str(run.pk), "user_1")
    assert entry.after is not None
    assert (entry.after["digest"], entry.after["counts"]) == (run.digest, {"matched": 1})


@pytest.mark.parametrize("table", [Run, Finding, ReferenceCheck])
def test_what_was_found_is_never_changed(
    read: None, partners: Partners, table: type[Run | Finding | ReferenceCheck]
) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO))
    run_over_the_morning()
    name = table._meta.db_table
    assert table._default_manager.exists()
    for change in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change.format(name))


def test_an_operation_in_doubt_is_neither_asked_for_nor_called_missing(read: None, partners: Partners) -> None:
    rows.operation(Ours(reference="dep-1", at=LONG_AGO, state=State.UNKNOWN))
    run = run_over_the_morning()
    assert run.counts == {"too_early": 1}
    assert not ReferenceCheck.objects.exists()


def test_totals_are_kept_to_the_last_digit(read: None) -> None:
    huge, dust = Decimal("99999999999999999999.00000001"), Decimal("0.00000001")
    rows.operation(Ours(reference="dep-1", at=LONG_AGO, amount=huge))
    rows.order(Theirs(reference="dep-1", at=LONG_AGO, amount=huge))
    rows.order(Theirs(reference=None, at=LONG_AGO, amount=dust, type="withdrawal"))
    (total,) = run_over_the_morning().totals
    assert (total["ours_net"], total["theirs_net"], total["difference"]) == (
        "99999999999999999999.00000001",
        "99999999999999999999.00000000",
        "-0.00000001",
    )
