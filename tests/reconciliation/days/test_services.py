"""A day is prepared by one person, reviewed and closed by another, and opened again by two."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts import proofs
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.approvals.services import cancel, expire, reject
from backoffice.audit.models import Entry
from backoffice.database import clock
from backoffice.reconciliation.comparing.partner_total import PartnerTotal
from backoffice.reconciliation.days import fingerprints, queries, report
from backoffice.reconciliation.models import Day, DayReport, DayState, ExceptionItem, ExceptionState, Finding
from backoffice.reconciliation.services import days, running
from tests.approving import approve
from tests.reconciliation.days import cast
from tests.reconciliation.days.cast import DATE

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def prepared(db: None, maya: Person) -> Day:
    """A day of one matched deposit, prepared by Maya."""
    cast.orders_read()
    cast.paid("dep-1")
    cast.run_of()
    return days.prepare(date=DATE, by=maya)


@pytest.fixture
def signed(db: None, maya: Person, omar: Person) -> DayReport:
    return cast.signed_day(maya, omar)


def events() -> list[str]:
    return list(Entry.objects.filter(event__startswith="day.").order_by("number").values_list("event", flat=True))


def test_a_day_is_prepared_reviewed_and_closed(prepared: Day, omar: Person) -> None:
    assert cast.reviewed(omar).state == DayState.REVIEWED
    made = cast.closed(omar)
    day = Day.objects.get(pk=DATE)
    assert (day.state, day.version, day.closed_by) == (DayState.CLOSED, 1, omar)
    assert events() == ["day.prepared", "day.reviewed", "day.closed"]
    assert report.is_untouched(made)


def test_the_closer_need_not_be_the_reviewer(prepared: Day, omar: Person, lina: Person) -> None:
    cast.reviewed(omar)
    assert cast.closed(lina).made_by == lina


@pytest.mark.parametrize(("who", "may"), [("maya", True), ("omar", True), ("vera", False), ("adam", False)])
def test_finance_and_managers_prepare(who: str, may: bool, request: pytest.FixtureRequest) -> None:
    cast.orders_read()
    cast.run_of()
    person = request.getfixturevalue(who)
    if may:
        assert days.prepare(date=DATE, by=person).prepared_by == person
    else:
        with pytest.raises(Refused):
            days.prepare(date=DATE, by=person)


@pytest.mark.parametrize(("who", "may"), [("maya", False), ("omar", True), ("vera", False), ("adam", False)])
def test_managers_sign(prepared: Day, who: str, may: bool, request: pytest.FixtureRequest) -> None:
    person = request.getfixturevalue(who)
    if may:
        assert cast.reviewed(person).reviewed_by == person
    else:
        with pytest.raises(Refused):
            cast.reviewed(person)
        assert "day.refused" in events()


def test_nobody_signs_what_they_prepared(db: None, omar: Person, lina: Person) -> None:
    cast.orders_read()
    cast.run_of()
    days.prepare(date=DATE, by=omar)
    with pytest.raises(Refused, match="You prepared this day"):
        cast.reviewed(omar)
    cast.reviewed(lina)
    with pytest.raises(Refused, match="You prepared this day"):
        cast.closed(omar)


def test_the_database_refuses_a_preparer_who_signs(prepared: Day, omar: Person) -> None:
    proof = proofs.write_down(omar, "0" * 64)
    signature = {"reviewed_by": omar, "reviewed_at": timezone.now(), "reviewed_with": proof, "prepared_by": omar}
    with pytest.raises(IntegrityError), transaction.atomic():
        Day.objects.filter(pk=DATE).update(state=DayState.REVIEWED, **signature)


def test_the_database_refuses_a_signature_of_finance(prepared: Day, vera: Person) -> None:
    proof = proofs.write_down(vera, "0" * 64)
    with pytest.raises(IntegrityError, match="by a manager"), transaction.atomic():
        Day.objects.filter(pk=DATE).update(
            state=DayState.REVIEWED, reviewed_by=vera, reviewed_at=timezone.now(), reviewed_with=proof
        )


def test_a_proof_for_something_else_signs_nothing(prepared: Day, omar: Person) -> None:
    digest = fingerprints.review_fingerprint(prepared)
    with pytest.raises(Refused, match="second factor"):
        days.sign_review(date=DATE, digest=digest, by=omar, proof=proofs.write_down(omar, "0" * 64))


def test_what_was_not_shown_is_not_signed(prepared: Day, omar: Person) -> None:
    stale = "0" * 64
    with pytest.raises(Conflict, match="not as the page showed it"):
        days.sign_review(date=DATE, digest=stale, by=omar, proof=proofs.write_down(omar, stale))


def test_an_unreviewed_day_is_not_closed(prepared: Day, omar: Person) -> None:
    with pytest.raises(Conflict, match="Only a reviewed day"):
        cast.closed(omar)


def test_an_open_exception_keeps_a_day_from_being_closed_and_is_named(
    prepared: Day, omar: Person, maya: Person
) -> None:
    item = cast.exception(prepared.run, key="order:7")
    ExceptionItem.objects.filter(pk=item.pk).update(reference="dep-odd")
    cast.reviewed(omar)
    with pytest.raises(Conflict, match="dep-odd"):
        cast.closed(omar)
    cast.resolved(item, maya)
    assert cast.closed(omar).version == 1


def test_the_database_refuses_to_close_over_an_open_exception(prepared: Day, omar: Person, maya: Person) -> None:
    cast.reviewed(omar)
    made = days._report(queries.days().get(pk=DATE), report.Signature(omar, timezone.now(), "code"))
    cast.exception(prepared.run)
    proof = proofs.write_down(omar, "1" * 64)
    with pytest.raises(IntegrityError, match="open exceptions"), transaction.atomic():
        Day.objects.filter(pk=DATE).update(
            state=DayState.CLOSED, closed_by=omar, closed_at=proof.made_at, closed_with=proof
        )
    assert made.version == 1


def test_a_carried_item_is_closed_over_and_listed_with_its_sum_and_age(
    prepared: Day, omar: Person, maya: Person
) -> None:
    item = cast.exception(prepared.run)
    cast.resolved(item, maya, ExceptionState.CARRIED)
    cast.reviewed(omar)
    content = report.read(cast.closed(omar))
    assert [one["difference"] for one in content["carried"]] == ["-0.50"]
    (summed,) = content["carried_sums"]
    assert (summed["asset"], summed["count"], summed["difference"]) == ("USD", 1, "-0.50")
    assert summed["oldest_days"] == (queries.day_of(timezone.now()) - DATE).days


def test_an_exception_that_changed_since_the_page_was_opened_is_not_signed(
    prepared: Day, omar: Person, maya: Person
) -> None:
    cast.reviewed(omar)
    shown = fingerprints.closing_fingerprint(queries.days().get(pk=DATE))
    cast.resolved(cast.exception(prepared.run), maya)
    with pytest.raises(Conflict, match="not as the page showed it"):
        days.close(date=DATE, digest=shown, by=omar, proof=proofs.write_down(omar, shown))


def test_a_partial_run_cannot_be_prepared(db: None, maya: Person) -> None:
    cast.orders_read(at=cast.NOON)
    cast.run_of()
    with pytest.raises(Conflict, match="partial run cannot be signed"):
        days.prepare(date=DATE, by=maya)


def test_a_day_nobody_compared_cannot_be_prepared(db: None, maya: Person) -> None:
    with pytest.raises(Conflict, match="not been reconciled"):
        days.prepare(date=DATE, by=maya)


def test_a_day_that_is_not_over_cannot_be_prepared(db: None, maya: Person) -> None:
    with pytest.raises(Conflict, match="not over"):
        days.prepare(date=queries.day_of(timezone.now()), by=maya)


def test_newer_findings_have_to_be_prepared_first(prepared: Day, omar: Person, maya: Person) -> None:
    cast.paid("dep-2")
    newer = cast.run_of()
    with pytest.raises(Conflict, match=f"Run {newer.pk}"):
        cast.reviewed(omar)
    days.prepare(date=DATE, by=maya)
    assert cast.reviewed(omar).run == newer


def test_a_newer_run_that_found_the_same_changes_nothing(prepared: Day, omar: Person) -> None:
    cast.run_of()
    assert cast.reviewed(omar).run == prepared.run


def test_preparing_twice_is_refused(prepared: Day, maya: Person) -> None:
    with pytest.raises(Conflict, match="already"):
        days.prepare(date=DATE, by=maya)


def test_a_day_is_sent_back_with_a_reason_and_prepared_again(prepared: Day, omar: Person, maya: Person) -> None:
    cast.reviewed(omar)
    returned = days.send_back(date=DATE, by=omar, reason="Ask about the fee first.")
    assert (returned.state, returned.review_note, returned.reviewed_by) == (
        DayState.SENT_BACK,
        "Ask about the fee first.",
        omar,
    )
    assert days.prepare(date=DATE, by=maya).state == DayState.PREPARED
    assert events() == ["day.prepared", "day.reviewed", "day.sent_back", "day.prepared"]


def test_the_report_stands_at_the_newest_entry_of_the_log(prepared: Day, omar: Person) -> None:
    cast.reviewed(omar)
    made = cast.closed(omar)
    assert Entry.objects.get(number=made.entry_number).hash == made.entry_hash
    closing = Entry.objects.get(event="day.closed")
    assert (closing.number, closing.prev) == (made.entry_number + 1, made.entry_hash)
    assert (closing.after or {})["report"] == made.digest


def test_the_report_says_who_when_and_what(prepared: Day, omar: Person) -> None:
    cast.reviewed(omar, note="Looked at both sides.")
    content = report.read(cast.closed(omar))
    assert (content["prepared"]["by"], content["reviewed"]["by"], content["closed"]["by"]) == (
        "Maya Haddad",
        "Omar Saleh",
        "Omar Saleh",
    )
    assert content["reviewed"]["note"] == "Looked at both sides."
    assert content["run"]["digest"] == prepared.run.digest
    assert [one["ours_net"] for one in content["totals"]] == ["500.00"]


def test_a_closed_day_is_reopened_by_two_people_and_closed_again(
    signed: DayReport, maya: Person, lina: Person, omar: Person
) -> None:
    asked = cast.asked_to_reopen(maya)
    assert asked.subject == "day-2026-11-18-1"
    approve(asked, by=lina)
    day = Day.objects.get(pk=DATE)
    assert (day.state, day.version) == (DayState.REOPENED, 2)
    assert events()[-2:] == ["day.reopening_asked", "day.reopened"]
    days.prepare(date=DATE, by=maya)
    cast.reviewed(omar)
    assert [cast.closed(omar).version, signed.version] == [2, 1]
    assert DayReport.objects.count() == 2


def test_whoever_closed_a_day_does_not_agree_to_its_reopening(signed: DayReport, maya: Person, omar: Person) -> None:
    with pytest.raises(Refused):
        approve(cast.asked_to_reopen(maya), by=omar)
    assert Day.objects.get(pk=DATE).state == DayState.CLOSED


def test_it_refuses_self_approval_of_a_reopening(signed: DayReport, lina: Person) -> None:
    with pytest.raises(Refused):
        approve(cast.asked_to_reopen(lina), by=lina)


def test_a_reopening_is_asked_for_once_at_a_time(signed: DayReport, maya: Person, lina: Person) -> None:
    cast.asked_to_reopen(maya)
    with pytest.raises(Conflict, match="asked for it already"):
        cast.asked_to_reopen(lina)


def test_after_a_rejection_it_can_be_asked_again(signed: DayReport, maya: Person, lina: Person) -> None:
    first = cast.asked_to_reopen(maya)
    reject(request_id=first.pk, fingerprint=first.fingerprint, reason_code="other", note="No.", by=lina)
    second = cast.asked_to_reopen(maya)
    assert second.subject == "day-2026-11-18-1-2"
    approve(second, by=lina)
    assert Day.objects.get(pk=DATE).version == 2
    assert "day.reopening_rejected" in events()


def test_a_reopening_taken_back_leaves_the_day_closed(signed: DayReport, maya: Person) -> None:
    cancel(request_id=cast.asked_to_reopen(maya).pk, by=maya)
    assert Day.objects.get(pk=DATE).state == DayState.CLOSED
    assert "day.reopening_cancelled" in events()


def test_a_reopening_nobody_decides_on_in_time_leaves_the_day_closed(
    signed: DayReport, maya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = cast.asked_to_reopen(maya)
    late = asked.valid_until + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert expire(asked.pk)
    assert Day.objects.get(pk=DATE).state == DayState.CLOSED
    assert "day.reopening_expired" in events()


def test_the_database_refuses_to_reopen_what_nobody_agreed_to(signed: DayReport, maya: Person) -> None:
    asked = cast.asked_to_reopen(maya)
    with pytest.raises(IntegrityError, match="nobody agreed"), transaction.atomic():
        Day.objects.filter(pk=DATE).update(state=DayState.REOPENED, version=2, approval=asked)


def test_a_closed_day_is_not_prepared_over(signed: DayReport, maya: Person) -> None:
    cast.paid("dep-2")
    cast.run_of()
    with pytest.raises(Conflict, match="closed"):
        days.prepare(date=DATE, by=maya)


def test_a_closed_day_is_checked_when_somebody_asks(
    db: None, maya: Person, omar: Person, vera: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[object] = []
    monkeypatch.setattr(days, "ring_once_to_check", rung.append)
    cast.orders_read()
    cast.run_of()
    days.prepare(date=DATE, by=maya)
    with pytest.raises(Conflict, match="prepared"):
        days.ask_to_check(date=DATE, by=maya)
    cast.reviewed(omar)
    cast.closed(omar)
    with pytest.raises(Refused):
        days.ask_to_check(date=DATE, by=vera)
    assert rung == []
    days.ask_to_check(date=DATE, by=maya)
    assert rung == [DATE]
    assert Entry.objects.get(event="day.check_asked").person == maya


def test_a_day_is_closed_once(prepared: Day, omar: Person, lina: Person) -> None:
    cast.reviewed(omar)
    cast.closed(omar)
    with pytest.raises(Conflict, match="Only a reviewed day"):
        cast.closed(lina)
    assert DayReport.objects.count() == 1


@pytest.mark.parametrize("kind", ["run", "day"])
def test_the_log_leads_to_what_it_names(prepared: Day, client: Browser, vera: Person, kind: str) -> None:
    client.force_login(vera)
    entry = Entry.objects.filter(object_type=kind).latest("number")
    assert client.get(entry.about.url).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"version": 7},
        {"closed_at": cast.NOON},
        {"note": "As if it had been said."},
        {"review_note": "As if it had been said."},
        {"zone": "UTC"},
        {"prepared_at": cast.NOON},
        {"reviewed_with": None},
    ],
)
def test_the_database_lets_nothing_change_under_a_signature(
    maya: Person, omar: Person, change: dict[str, object]
) -> None:
    cast.signed_day(maya, omar)
    with pytest.raises(DatabaseError, match="signed as it stands|complete run"), transaction.atomic():
        Day.objects.filter(pk=DATE).update(**change)


def test_the_database_lets_no_other_signature_take_the_place_of_one(maya: Person, omar: Person, lina: Person) -> None:
    cast.signed_day(maya, omar)
    for name in ("reviewed_by", "closed_by"):
        with pytest.raises(DatabaseError, match="signed as it stands"), transaction.atomic():
            Day.objects.filter(pk=DATE).update(**{name: lina})


@pytest.mark.parametrize("act", ["review", "close"])
def test_nobody_signs_while_the_newest_run_could_not_see_all_of_the_day(
    maya: Person, omar: Person, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    cast.orders_read()
    cast.paid("dep-1")
    cast.run_of()
    days.prepare(date=DATE, by=maya)
    if act == "close":
        cast.reviewed(omar)
    monkeypatch.setattr(running, "agree_on_total", lambda *asked, **how: PartnerTotal(0, "CoinMENA counts none."))
    cast.run_of()
    with pytest.raises(Conflict, match="is partial"):
        (cast.reviewed if act == "review" else cast.closed)(omar)


@pytest.mark.parametrize("act", ["review", "close"])
def test_nobody_signs_a_run_under_which_rows_were_put(prepared: Day, omar: Person, act: str) -> None:
    if act == "close":
        cast.reviewed(omar)
    Finding.objects.create(run=prepared.run, verdict="matched", reference="never-was", same_reference_count=1)
    with pytest.raises(Conflict, match="no longer those it found"):
        (cast.reviewed if act == "review" else cast.closed)(omar)
