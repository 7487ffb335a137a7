"""The worklist, the page of an exception, what is asked before an act, and the results; who sees and may do what."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.clients.models import Client
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.orders.models import Order
from backoffice.reconciliation.exceptions import queries
from backoffice.reconciliation.exceptions.listing import SHEET, WORKLIST
from backoffice.reconciliation.models import ExceptionItem, Resolution
from backoffice.reconciliation.services import exceptions as services
from tests.exports.agree import assert_table_and_csv_agree
from tests.reconciliation import rows
from tests.reconciliation.exceptions.world import item, taken
from tests.reconciliation.rows import Ours, Theirs

WORK = reverse("reconciliation:work_exceptions")

WORKLIST_URL = "/reconciliation/exceptions/"


@pytest.fixture
def as_maya(client: Browser, db: None, maya: Person) -> Browser:
    client.force_login(maya)
    return client


@pytest.fixture
def as_vera(client: Browser, db: None, vera: Person) -> Browser:
    client.force_login(vera)
    return client


def text_of(browser: Browser, address: str, status: int = 200) -> str:
    answer = browser.get(address)
    assert answer.status_code == status, answer.status_code
    return re.sub(r"\s+", " ", answer.content.decode())


def page_of(subject: ExceptionItem) -> str:
    return reverse("reconciliation:exception", args=[subject.pk])


def test_the_worklist_shows_what_has_not_ended(as_maya: Browser, short: ExceptionItem, extra: ExceptionItem) -> None:
    Order.objects.filter(partner_order_ref="dep-1").update(debit=Decimal("500.00"))
    taken()
    shown = text_of(as_maya, WORKLIST_URL)
    assert f"Order {extra.order_id}" in shown
    assert "dep-1" not in shown
    assert "dep-1" in text_of(as_maya, f"{WORKLIST_URL}?state=cleared")


@pytest.mark.parametrize(
    ("query", "is_shown"),
    [
        ("q=dep-1", True),
        ("q=Sara", True),
        ("q=nobody-such", False),
        ("owner=nobody", True),
        ("severity=high", False),
        ("verdict=amount_differs", True),
        ("verdict=extra_at_partner", False),
        ("day_from=2026-11-18&day_to=2026-11-18", True),
        ("day_from=2026-11-19", False),
        ("state=carried", False),
    ],
)
def test_the_worklist_is_narrowed(as_maya: Browser, short: ExceptionItem, query: str, is_shown: bool) -> None:
    assert (page_of(short) in text_of(as_maya, f"{WORKLIST_URL}?{query}")) is is_shown


def test_my_own_are_a_tab(as_maya: Browser, short: ExceptionItem, maya: Person) -> None:
    services.assign([short.pk], owner=maya, by=maya)
    assert f"?owner={maya.pk}" in text_of(as_maya, WORKLIST_URL)
    assert page_of(short) in text_of(as_maya, f"{WORKLIST_URL}?owner={maya.pk}")
    assert page_of(short) not in text_of(as_maya, f"{WORKLIST_URL}?owner=nobody")


def test_it_is_taken_with_one_button(as_maya: Browser, short: ExceptionItem, maya: Person) -> None:
    assert "Take it myself" in text_of(as_maya, page_of(short))
    as_maya.post(WORK, {"act": "assign", "item": [short.pk], "owner": maya.pk})
    assert item("operation:dep-1").owner == maya
    assert "Take it myself" not in text_of(as_maya, page_of(short))


def test_how_many_wait_stands_in_the_menu(as_maya: Browser, short: ExceptionItem, extra: ExceptionItem) -> None:
    assert re.search(r"Reconciliation<span class=\"tally\">.*?2<", text_of(as_maya, WORKLIST_URL))


def test_what_is_due_first_stands_on_top(as_maya: Browser, short: ExceptionItem, extra: ExceptionItem) -> None:
    shown = text_of(as_maya, WORKLIST_URL)
    assert shown.index(page_of(extra)) < shown.index(page_of(short))


def test_the_worklist_costs_the_same_whatever_it_holds(as_maya: Browser, short: ExceptionItem) -> None:
    with CaptureQueriesContext(connection) as few:
        as_maya.get(WORKLIST_URL)
    for _number in range(20):
        rows.order(Theirs(reference=None))
    taken()
    with CaptureQueriesContext(connection) as many:
        as_maya.get(WORKLIST_URL)
    assert len(many) == len(few)


def test_the_page_of_one_shows_the_tests_and_the_sentence(as_maya: Browser, short: ExceptionItem) -> None:
    shown = text_of(as_maya, page_of(short))
    assert "Would match if the amount were 500.00 USD. CoinMENA says 499.50." in shown
    assert "Amount, debit because it is a deposit" in shown
    assert "Deposit for Sara Haddad" in shown


def test_a_near_miss_is_a_hint_and_nothing_more(as_maya: Browser, extra: ExceptionItem) -> None:
    rows.operation(Ours(reference="dep-9"))
    taken(absent=("dep-9",))
    missing, order = text_of(as_maya, page_of(item("operation:dep-9"))), text_of(as_maya, page_of(extra))
    assert f"Order {extra.order_id}, 0 minutes apart" in missing
    assert "dep-9, 0 minutes apart" in order
    assert "This may be its pair." in missing
    assert ExceptionItem.objects.filter(state="open").count() == 2


def test_an_auditor_reads_and_is_offered_nothing_to_do(as_vera: Browser, short: ExceptionItem) -> None:
    assert "Resolve it" not in text_of(as_vera, page_of(short))
    shown = text_of(as_vera, WORKLIST_URL)
    assert ("With the chosen rows" in shown, 'name="item"' in shown, "Download a sheet" in shown) == (False,) * 3


def test_what_can_be_done_depends_on_what_it_is(as_maya: Browser, short: ExceptionItem, extra: ExceptionItem) -> None:
    ours, theirs = text_of(as_maya, page_of(short)), text_of(as_maya, page_of(extra))
    assert ("to-elsewhere" in ours, "to-elsewhere" in theirs) == (False, True)
    assert ("to-operation" in ours, "to-operation" in theirs) == (False, True)


def test_an_act_on_one_is_asked_done_and_shown_on_its_page(as_maya: Browser, short: ExceptionItem) -> None:
    asked = text_of(as_maya, f"{WORK}?act=carry&item={short.pk}")
    assert "Carry forward: a matter of timing" in asked
    said = {"act": "carry", "item": [short.pk], "text": "Booked tomorrow."}
    answer = as_maya.post(WORK, said)
    assert (answer.status_code, answer["Location"]) == (302, page_of(short))
    shown = text_of(as_maya, page_of(short))
    assert "Carried forward: a matter of timing" in shown
    assert "Booked tomorrow." in shown


def test_an_act_without_its_words_is_asked_again(as_maya: Browser, short: ExceptionItem) -> None:
    answer = as_maya.post(WORK, {"act": "carry", "item": [short.pk], "text": " "})
    assert (answer.status_code, "Say it in your own words." in answer.content.decode()) == (422, True)
    assert item("operation:dep-1").state == "open"


def test_an_act_on_several_has_a_result_for_each(
    as_maya: Browser, short: ExceptionItem, extra: ExceptionItem, maya: Person
) -> None:
    services.ask_to_force([extra.pk], resolution=Resolution.MADE_ELSEWHERE, text="By hand.", by=maya)
    said = {"act": "raise", "item": [short.pk, extra.pk], "ticket": "77120", "text": "A fee?"}
    answer = as_maya.post(WORK, said)
    assert answer["Location"] == "/reconciliation/exceptions/worked/"
    shown = text_of(as_maya, answer["Location"])
    assert "1 of 2 done" in shown
    assert "It waits for a manager&#x27;s decision." in shown


def test_what_was_typed_for_one_that_is_refused_stays_in_its_form(as_maya: Browser, extra: ExceptionItem) -> None:
    said = {"act": "operation", "item": [extra.pk], "reference": "dep-wrong", "text": "The client's own words."}
    answer = as_maya.post(WORK, said)
    shown = answer.content.decode()
    assert (answer.status_code, "No operation carries the reference dep-wrong." in shown) == (422, True)
    assert ('value="dep-wrong"' in shown, "The client&#x27;s own words.</textarea>" in shown) == (True, True)


def test_what_was_typed_for_several_is_there_again_for_the_refused_ones(
    as_maya: Browser, short: ExceptionItem, extra: ExceptionItem, maya: Person
) -> None:
    services.ask_to_force([extra.pk], resolution=Resolution.MADE_ELSEWHERE, text="By hand.", by=maya)
    said = {"act": "raise", "item": [short.pk, extra.pk], "ticket": "77120", "text": "Is it a fee?"}
    results = as_maya.get(as_maya.post(WORK, said)["Location"])
    again = results.context["again_url"]
    assert again == f"{WORK}?act=raise&item={extra.pk}&again=yes"
    shown = as_maya.get(again).content.decode()
    assert ('value="77120"' in shown, "Is it a fee?</textarea>" in shown) == (True, True)
    other = as_maya.get(again.replace("raise", "carry")).content.decode()
    assert "Is it a fee?" not in other


def test_asking_writes_nothing(as_maya: Browser, short: ExceptionItem) -> None:
    as_maya.get(f"{WORK}?act=read&item={short.pk}")
    assert not short.events.exists()


@pytest.mark.parametrize("query", ["", "act=carry", "act=burn&item=1", "act=carry&item=x", "act=carry&item=999999999"])
def test_an_address_that_names_nothing_leads_back_to_the_list(as_maya: Browser, query: str) -> None:
    answer = as_maya.get(f"{WORK}?{query}")
    assert (answer.status_code, answer["Location"]) == (302, WORKLIST_URL)


def test_a_manager_sees_both_sides_and_what_will_be_said(
    client: Browser, short: ExceptionItem, maya: Person, omar: Person
) -> None:
    services.ask_to_force([short.pk], resolution=Resolution.ACCEPTED, text="A fee of 0.50.", by=maya)
    client.force_login(omar)
    shown = text_of(client, f"/approvals/exception-{short.pk}-1/")
    assert "Accept it as the partner&#x27;s correction?" in shown
    assert "A fee of 0.50." in shown
    assert "Both sides stay what they are: no amount is edited." in shown
    assert "Would match if the amount were 500.00 USD" in shown
    Order.objects.update(debit=Decimal("499.00"))
    taken()
    assert "What was asked for is overtaken" in text_of(client, f"/approvals/exception-{short.pk}-1/")
    assert Request.objects.get(subject=f"exception-{short.pk}-1").state == "waiting"


def test_the_page_of_the_operation_names_it(as_maya: Browser, short: ExceptionItem) -> None:
    shown = text_of(as_maya, reverse("funding:detail", args=["dep-1"]))
    assert page_of(short) in shown
    Operation.objects.get(reference="dep-1")


def test_the_page_of_the_client_names_those_that_are_open(as_maya: Browser, short: ExceptionItem) -> None:
    address = reverse("clients:detail", args=[Client.objects.get().partner_client_id])
    assert page_of(short) in text_of(as_maya, address)
    Order.objects.update(debit=Decimal("500.00"))
    taken()
    assert page_of(short) not in text_of(as_maya, address)


def test_the_history_tells_of_a_change_in_words(as_maya: Browser, short: ExceptionItem) -> None:
    Order.objects.update(debit=Decimal("499.00"))
    taken()
    assert "Found changed: amount differs −0.50 USD, now amount differs −1.00 USD" in text_of(as_maya, page_of(short))


def test_the_list_and_its_file_agree(committed: str, maya: Person) -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1", amount=Decimal("499.50")))
    rows.order(Theirs(reference=None, client="=1+1"))
    taken()
    services.assign([item("operation:dep-1").pk], owner=maya, by=maya)
    services.carry([item("operation:dep-1").pk], text="=Tomorrow", by=maya)
    assert_table_and_csv_agree(WORKLIST, queries.items())
    assert_table_and_csv_agree(SHEET, queries.items())


def test_the_operations_in_review_that_fit_are_offered(as_maya: Browser, extra: ExceptionItem) -> None:
    asking = f"{WORK}?act=operation&item={extra.pk}"
    rows.operation(Ours(reference="dep-larger", amount=Decimal("500.01"), state=State.REVIEW))
    assert "the same to the digit:" not in text_of(as_maya, asking)
    rows.operation(Ours(reference="dep-fits", state=State.REVIEW))
    page = as_maya.get(asking).content.decode()
    assert 'href="/funding/dep-fits/"' in page
    assert 'value="dep-fits"' in page
    assert "dep-larger" not in page
    rows.operation(Ours(reference="dep-too", state=State.REVIEW))
    assert 'value="dep-fits"' not in as_maya.get(asking).content.decode()


def test_what_may_still_be_sent_again_is_named_with_what_to_do_first(as_maya: Browser, extra: ExceptionItem) -> None:
    asking = f"{WORK}?act=operation&item={extra.pk}"
    assert "may still be sent again:" not in text_of(as_maya, asking)
    rows.operation(Ours(reference="dep-open", state=State.UNKNOWN))
    page = as_maya.get(asking).content.decode()
    assert "The same to the digit, but may still be sent again:" in page and 'href="/funding/dep-open/"' in page
    assert "Have the client frozen" in page
    assert 'value="dep-open"' not in page
