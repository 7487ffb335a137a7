"""The pages: who may open which, what they show, what they cost, and the file beside the list."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import Person, Role
from backoffice.approvals.listing import REQUESTS
from backoffice.approvals.queries import requests
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, BalanceReading, Client
from backoffice.database import clock
from backoffice.funding import policies, queries, who_funded
from backoffice.funding.models import Gate, Operation
from backoffice.funding.services.brakes import name_of_halt
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.claiming import claim
from backoffice.funding.states import State
from backoffice.funding.views.lists import OPERATIONS
from backoffice.funding.views.who_funded import WHO_FUNDED
from backoffice.mirror.limits import DatabaseBucket
from backoffice.partner.errors import RateLimited
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.funding.cast import NOURA, SignIn, approved_by, deposit, looked_up, now, sent, withdrawal
from tests.funding.closings import being_looked_up
from tests.partners import Partners

FINANCE, MANAGER, AUDITOR = "maya", "omar", "vera"


def test_s5_what_has_left_us_is_not_cancelled(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(deposit(maya, noura, usd))

    answer = signed_in(FINANCE).post(f"/funding/{operation.reference}/cancel/")

    assert answer.status_code == 409
    assert now(operation).state == State.COMPLETED


def words_of(desk: Browser, operation: Operation) -> str:
    page = desk.get(f"/funding/{operation.reference}/").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_an_unknown_reference_is_not_found(db: None, signed_in: SignIn) -> None:
    assert signed_in(FINANCE).get("/funding/dep-2026-nowhere0/").status_code == 404


# What they show -------------------------------------------------------------------------------------------------------


def test_a_completed_operation_shows_its_order_and_the_exchange_without_its_signature(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(deposit(maya, noura, usd, "1000.00"))

    page = signed_in(AUDITOR).get(f"/funding/{operation.reference}/").content.decode()

    assert "Deposited 1,000.00 USD" in page
    assert f"/orders/{operation.partner_order_id}/" in page
    assert "[redacted, 88 characters]" in page
    assert "marker" not in page, "what has ended is not watched"


def test_an_operation_in_doubt_offers_a_look_and_nothing_that_could_pay_twice(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("close_after_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))

    page = signed_in(FINANCE).get(f"/funding/{operation.reference}/").content.decode()

    assert "We do not know yet whether this deposit was made." in page
    assert "Check now" in page
    assert "copy_of" not in page and "/cancel/" not in page


def test_check_now_is_a_look_that_may_complete(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("close_after_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))

    signed_in(FINANCE).post(f"/funding/{operation.reference}/check/")

    assert now(operation).state == State.COMPLETED


LOOKED_UP = "Looked up at CoinMENA. What it answered stands in the timeline."


def test_a_request_that_never_left_is_not_counted_among_those_sent(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "RETRY_WAITS", [timedelta()])
    operation = deposit(maya, noura, usd)
    with coinmena.down():
        assert sent(operation).state == State.APPROVED
    coinmena.fault("close_after_apply", match={"method": "POST"})
    assert sent(operation).state == State.UNKNOWN

    page = words_of(signed_in(FINANCE), operation)

    assert "Not sent" in page and "attempt 1 of 2" in page
    assert "One request left us, and only one" in page and "Request 2 of 2" not in page
    assert "Requests sent 1 never more than one at a time" in page


@pytest.mark.parametrize("moved_since", [False, True])
def test_a_balance_hints_at_nothing_once_something_else_has_moved_it(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset, *, moved_since: bool
) -> None:
    amount = Decimal("2000.00")
    BalanceReading.objects.create(
        client=noura, asset_id="USD", balance=amount, available_balance=amount, read_at=clock.now()
    )
    if moved_since:
        sent(deposit(maya, noura, usd, "30.00"))
    coinmena.fault("close_after_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd, "12.00"))

    page = words_of(signed_in(FINANCE), operation)

    assert "Last read 2,000.00" in page
    assert ("If applied 2,012.00" in page) is not moved_since


def test_the_story_gives_people_the_role_they_had(
    coinmena: Partners, signed_in: SignIn, omar: Person, lina: Person, noura: Client, usd: Asset
) -> None:
    before = Person.objects.get(pk=omar.pk)
    before.role = Role.FINANCE
    operation = approved_by(lina, withdrawal(before, noura, usd))

    page = words_of(signed_in(AUDITOR), operation)

    assert "by Omar Saleh, finance" in page
    assert "by Lina Aziz, manager" in page


def test_check_now_says_that_it_looked_where_it_did(coinmena: Partners, signed_in: SignIn, in_doubt: Operation) -> None:
    assert LOOKED_UP in check_now(signed_in(FINANCE), in_doubt)


def test_check_now_says_that_nobody_was_asked_while_a_worker_looks(
    coinmena: Partners, signed_in: SignIn, in_doubt: Operation
) -> None:
    being_looked_up(in_doubt)
    asked = coinmena.requests_made()

    page = check_now(signed_in(FINANCE), in_doubt)

    assert coinmena.requests_made() == asked
    assert "It is being looked up at this moment. Read its timeline in a few seconds." in page
    assert LOOKED_UP not in page


def test_check_now_says_that_nobody_was_asked_while_it_is_sent(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd)
    assert claim(operation.pk, "worker 1") is not None

    page = check_now(signed_in(FINANCE), operation)

    assert "It is being sent at this moment. Read its timeline in a few seconds." in page and LOOKED_UP not in page


def test_check_now_says_when_our_own_budget_kept_the_question_back(
    coinmena: Partners, signed_in: SignIn, in_doubt: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise RateLimited

    desk = signed_in(FINANCE)
    monkeypatch.setattr(DatabaseBucket, "acquire", refuse)

    page = check_now(desk, in_doubt)

    assert "We have asked the partner as often as we may for the moment. Try again in a minute." in page
    assert LOOKED_UP not in page


def test_check_now_says_when_it_asked_and_got_no_answer(
    coinmena: Partners, signed_in: SignIn, in_doubt: Operation
) -> None:
    desk = signed_in(FINANCE)
    with coinmena.down():
        page = check_now(desk, in_doubt)

    assert "CoinMENA was asked and gave no answer that can be used. The timeline says why." in page
    assert LOOKED_UP not in page


def check_now(browser: Browser, operation: Operation) -> str:
    """Press *Check now* and read the page it leads to."""
    return browser.post(f"/funding/{operation.reference}/check/", follow=True).content.decode()


def test_a_failure_says_why_with_the_partners_code(
    coinmena: Partners, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(approved_by(omar, withdrawal(maya, noura, usd, "9999.00")))

    page = signed_in(FINANCE).get(f"/funding/{operation.reference}/").content.decode()

    assert "available balance at CoinMENA is lower than the amount" in page
    assert "3005" in page


def test_the_marker_says_when_there_is_something_new(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd)
    desk, address = signed_in(FINANCE), f"/funding/{operation.reference}/marker/"
    page = desk.get(f"/funding/{operation.reference}/").content.decode()
    shown = page.split("?shown=")[1].split('"')[0]

    assert "HX-Trigger" not in desk.get(address, {"shown": shown}).headers
    cancel_operation(operation_id=operation.pk, by=maya)
    assert desk.get(address, {"shown": shown}).headers["HX-Trigger"] == "operation-changed"


def test_a_halt_is_shown_and_a_manager_resumes(db: None, signed_in: SignIn, omar: Person) -> None:
    Gate.objects.update(halted_at="2026-11-20T12:00Z", halted_because="Our clock is off.")
    desk = signed_in(MANAGER)
    assert "Our clock is off." in desk.get("/funding/").content.decode()

    desk.post("/funding/resume/", {"reason": "The clock was set.", "halt": name_of_halt(Gate.objects.get())})

    assert Gate.objects.get().halted_at is None
    assert Entry.objects.get(event="funding.resumed").reason == "The clock was set."


def test_a_copy_begins_with_what_it_copies(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd, "12.34")
    cancel_operation(operation_id=operation.pk, by=maya)

    page = signed_in(FINANCE).get(f"/funding/deposit/?copy_of={operation.reference}").content.decode()

    assert 'value="12.34"' in page and operation.reference in page


def test_the_page_of_a_client_shows_operations_and_what_is_pending(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = withdrawal(maya, noura, usd)

    page = signed_in(FINANCE).get(f"/clients/{NOURA}/").content.decode()

    assert "1 operation is under way." in page
    assert operation.reference in page
    assert queries.reserved_by_asset(noura) == {"USD": operation.amount}


def test_the_note_of_a_client_says_how_many_it_does_not_name(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    for amount in ("1.00", "2.00", "3.00", "4.00", "5.00"):
        withdrawal(maya, noura, usd, amount)

    page = signed_in(FINANCE).get(f"/clients/{NOURA}/").content.decode()

    assert "5 operations are under way." in page
    assert "and 2 more" in page


@pytest.mark.parametrize(
    ("in_doubt", "under_way", "sentence"),
    [
        (1, 1, "It is in doubt: do not fund around it."),
        (1, 2, "One of them is in doubt: do not fund around it."),
        (2, 3, "2 of them are in doubt: do not fund around them."),
        (0, 1, "Balances may change by it."),
    ],
)
def test_the_note_of_a_client_counts_what_is_in_doubt(
    coinmena: Partners,
    signed_in: SignIn,
    maya: Person,
    noura: Client,
    usd: Asset,
    in_doubt: int,
    under_way: int,
    sentence: str,
) -> None:
    coinmena.fault("close_after_apply", match={"method": "POST"}, times=None)
    for number in range(in_doubt):
        assert sent(deposit(maya, noura, usd, f"{number + 1}.00")).state == State.UNKNOWN
    for number in range(in_doubt, under_way):
        withdrawal(maya, noura, usd, f"{number + 1}.00")

    assert sentence in signed_in(FINANCE).get(f"/clients/{NOURA}/").content.decode()


def test_the_preview_names_the_client_that_was_typed_by_id(
    db: None, signed_in: SignIn, noura: Client, usd: Asset
) -> None:
    typed = {"kind": "deposit", "client": NOURA, "asset": "USD", "amount": "1.00"}

    page = signed_in(FINANCE).post("/funding/preview/", typed).content.decode()

    assert noura.name in page


def test_hostile_text_is_shown_and_never_obeyed(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd, reason='<script>alert(1)</script>" onload="x')

    page = signed_in(FINANCE).get(f"/funding/{operation.reference}/").content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# What they cost -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/funding/", "/approvals/?lane=mine", "/audit/who-funded-what/"])
def test_a_list_costs_the_same_number_of_queries_however_long_it_is(
    db: None, signed_in: SignIn, maya: Person, noura: Client, usd: Asset, address: str
) -> None:
    desk = signed_in(FINANCE)

    def queries_for(rows: int) -> int:
        for _row in range(rows):
            withdrawal(maya, noura, usd, confirmed_equal=True)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert desk.get(address).status_code == 200
        return len(captured)

    queries_for(1)
    assert queries_for(1) == queries_for(10)


def test_the_page_of_an_operation_costs_the_same_however_long_its_story_is(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("close_before_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))
    desk = signed_in(FINANCE)

    def count() -> int:
        looked_up(operation)
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(f"/funding/{operation.reference}/").status_code == 200
        return len(captured)

    count()
    assert count() == count()


# The files ------------------------------------------------------------------------------------------------------------


def test_the_file_of_operations_holds_what_the_list_shows(
    coinmena: Partners, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    sent(deposit(maya, noura, usd, "1000.00"))
    sent(approved_by(omar, withdrawal(maya, noura, usd, "9999.00")))
    withdrawal(maya, noura, usd, "0.00000001", reason="=HYPERLINK(1)")

    rows = assert_table_and_csv_agree(OPERATIONS, queries.with_approvers())

    assert [row[4] for row in rows] == ["-0.00000001", "-9999.00", "1000.00"]
    assert rows[0][9] == "'=HYPERLINK(1)"
    assert downloaded(signed_in(AUDITOR).post("/funding/export/"))[1:] == rows


def test_the_file_of_the_queue_holds_what_the_queue_shows(
    coinmena: Partners, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    approved_by(omar, withdrawal(maya, noura, usd, "9999.00"))
    waiting = withdrawal(maya, noura, usd, "5.00")

    assert len(assert_table_and_csv_agree(REQUESTS, requests())) == 2
    for_omar = downloaded(signed_in(MANAGER).post("/funding/approvals/export/"))[1:]
    assert [row[1] for row in for_omar] == [waiting.reference]


def test_who_funded_what_names_everybody_and_every_proof(
    coinmena: Partners, signed_in: SignIn, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    sent(deposit(maya, noura, usd, "1000.00"))
    sent(approved_by(omar, withdrawal(maya, noura, usd, "500.00")))
    withdrawal(maya, noura, usd, "1.00")

    page = signed_in(AUDITOR).get("/audit/who-funded-what/", {"client": NOURA}).content.decode()

    assert len(assert_table_and_csv_agree(WHO_FUNDED, who_funded.completed())) == 2
    assert "Omar Saleh" in page and "No rule asked for it" in page
    assert 'href="/audit/' in page.partition("<tbody>")[2]
    assert Entry.objects.filter(event="audit.read").count() == 1


def test_who_funded_what_names_the_client_on_a_phone_too(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    sent(deposit(maya, noura, usd, "1000.00"))

    page = signed_in(AUDITOR).get("/audit/who-funded-what/").content.decode()

    (cell,) = re.findall(rf"<td([^>]*)>(?:(?!<td).)*?{noura.name}", page.partition("<tbody>")[2], re.DOTALL)
    assert "hide-s" not in cell


def test_finance_is_led_from_who_funded_what_to_no_entry_it_may_not_open(
    coinmena: Partners, signed_in: SignIn, maya: Person, noura: Client, usd: Asset
) -> None:
    sent(deposit(maya, noura, usd, "1000.00"))

    page = signed_in(FINANCE).get("/audit/who-funded-what/").content.decode()

    assert NOURA in page and 'href="/audit/' not in page.partition("<tbody>")[2]


def test_who_funded_what_adds_up_exactly_by_asset(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    sent(deposit(maya, noura, usd, "1000.00"))
    sent(deposit(maya, noura, usd, "0.00000001"))
    sent(approved_by(omar, withdrawal(maya, noura, usd, "500.00")))

    ((asset, sums),) = who_funded.summarise(who_funded.completed()).sums

    assert asset == "USD"
    assert {label: str(amount) for label, amount in sums.items()} == {
        "Deposited": "1000.00000001",
        "Withdrawn": "-500.00",
        "Net": "500.00000001",
    }


@pytest.mark.parametrize(("field", "found"), [("requested_by", 2), ("approved_by", 1)])
def test_who_funded_what_finds_people_who_asked_and_who_approved(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset, field: str, found: int
) -> None:
    sent(deposit(maya, noura, usd))
    sent(approved_by(omar, withdrawal(maya, noura, usd, "500.00")))
    person = maya if field == "requested_by" else omar

    assert who_funded.by_people(who_funded.completed(), [str(person.pk)]).count() == found


@pytest.mark.parametrize(
    "address",
    ["/funding/%00/", "/approvals/%00/", "/funding/?q=%00", "/funding/clients/?client=no%00"],
)
def test_s34_a_nul_in_an_address_is_no_error_of_ours(db: None, signed_in: SignIn, address: str) -> None:
    assert signed_in(FINANCE).get(address).status_code in (200, 400, 404)


@pytest.mark.parametrize("address", ["/funding/deposit/?client=%00", "/funding/deposit/?copy_of=%00"])
def test_s34_a_nul_in_the_address_of_a_form_is_no_error_of_ours(
    db: None, signed_in: SignIn, usd: Asset, address: str
) -> None:
    assert signed_in(FINANCE).get(address).status_code in (200, 404)
