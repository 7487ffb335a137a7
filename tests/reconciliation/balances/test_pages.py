"""The page of the balances: proofs with both sides, what it offers to whom, and its file."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.models import Person
from backoffice.reconciliation.balances import queries
from backoffice.reconciliation.models import Run
from backoffice.reconciliation.tasks_proofs import prove as prove_task
from backoffice.reconciliation.views.balances import BALANCE_PROOFS
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.reconciliation import rows
from tests.reconciliation.balances.test_proving import LATER, deposit, orders_read_to, prove, reading
from tests.reconciliation.rows import Theirs

PAGE = "/reconciliation/balances/"


@pytest.fixture
def desk(client: Browser, db: None, maya: Person) -> Browser:
    client.force_login(maya)
    return client


def text_of(browser: Browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def proven(clients: int = 1) -> Run:
    """One balance that differs, and as many more as wanted that come out even."""
    orders_read_to()
    rows.client("user_1")
    deposit("500.00")
    reading("489.50")
    for number in range(2, clients + 1):
        rows.client(f"user_{number}")
        rows.order(Theirs(reference=None, client=f"user_{number}", amount=Decimal("7.00")))
        reading("7.00", client=f"user_{number}")
    return prove()


def test_a_difference_is_shown_with_both_sides_and_its_sign(desk: Browser) -> None:
    proven()
    page = text_of(desk, PAGE)
    assert "500.00 USD" in page and "489.50 USD" in page and "−10.50 USD" in page
    assert "Differs" in page and "1 order, all there are" in page


def test_what_differs_stands_first(desk: Browser) -> None:
    proven(clients=3)
    reading("9.99", client="user_3")
    prove()
    page = text_of(desk, PAGE)
    assert page.index("user_3") < page.index("user_2")


def test_balances_read_after_the_orders_wait_and_say_so(desk: Browser) -> None:
    orders_read_to(LATER - timedelta(minutes=1))
    deposit("500.00")
    reading("489.50")
    prove()
    assert "The balances were read after the orders." in text_of(desk, PAGE)


def test_before_the_first_proof_the_page_says_what_will_come(desk: Browser) -> None:
    assert "Nothing has been proven yet." in text_of(desk, PAGE)


def test_proofs_are_narrowed_by_outcome_and_client(desk: Browser) -> None:
    proven(clients=3)
    assert "user_1" not in text_of(desk, f"{PAGE}?outcome=even")
    assert "user_2" not in text_of(desk, f"{PAGE}?outcome=differs")
    assert "user_3" not in text_of(desk, f"{PAGE}?q=user_2")


def test_an_earlier_run_is_shown_as_such(desk: Browser) -> None:
    earlier = proven()
    reading("500.00", at=LATER + timedelta(hours=1))
    prove()
    page = text_of(desk, f"{PAGE}{earlier.pk}/")
    assert "These proofs are of an earlier run." in page and "−10.50 USD" in page
    assert desk.get(f"{PAGE}999999/").status_code == 404


def test_the_page_of_the_run_leads_to_its_proofs(desk: Browser) -> None:
    run = proven()
    assert desk.get(f"/reconciliation/runs/{run.pk}/").headers["Location"] == f"{PAGE}{run.pk}/"


def test_the_number_of_queries_does_not_grow_with_the_proofs(desk: Browser) -> None:
    proven(clients=2)
    few = queries_of(desk)
    proven(clients=20)
    assert queries_of(desk) == few


def queries_of(desk: Browser) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert desk.get(PAGE).status_code == 200
    return len(captured)


@pytest.mark.parametrize(("act", "task"), [("prove", "prove_balances"), ("read", "read_balances")])
def test_a_button_rings_for_a_worker_once(desk: Browser, act: str, task: str) -> None:
    for _click in range(2):
        assert desk.post(f"{PAGE}{act}/").status_code == 302
    assert ProcrastinateJob.objects.filter(task_name=f"reconciliation.{task}", status="todo").count() == 1


def test_the_worker_proves_in_the_name_of_who_asked(committed: str) -> None:
    maya = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role="finance")
    prove_task(maya.pk)
    assert Run.objects.get().run_by == maya


def test_a_worker_does_nothing_for_somebody_who_may_no_longer_ask(committed: str) -> None:
    vera = Person.objects.create_person(email="vera@example.com", name="Vera Novak", role="auditor")
    prove_task(vera.pk)
    assert not Run.objects.exists()


def test_an_auditor_is_offered_no_button(client: Browser, db: None, vera: Person) -> None:
    client.force_login(vera)
    page = text_of(client, PAGE)
    assert "Prove now" not in page and "Export CSV" in page


def test_the_file_says_what_the_screen_says(client: Browser, committed: str) -> None:
    maya = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role="finance")
    client.force_login(maya)
    proven(clients=3)
    assert len(downloaded(client.post(f"{PAGE}export/?outcome=differs"))) == 2
    assert len(assert_table_and_csv_agree(BALANCE_PROOFS, queries.all_proofs())) == 3


@pytest.mark.parametrize("page", [PAGE, "/reconciliation/bitnob/"])
def test_before_the_first_run_the_file_holds_its_headings_only(desk: Browser, page: str) -> None:
    assert desk.get(page).status_code == 200
    answer = desk.post(f"{page}export/")
    assert answer.status_code == 200
    assert b"".join(answer).decode().count("\n") == 1
