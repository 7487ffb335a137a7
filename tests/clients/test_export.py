"""The file of the clients: the table's rows, and nothing a spreadsheet would run."""

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.clients import queries
from backoffice.clients.services import sync_clients
from backoffice.clients.views import CLIENTS
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.partners import Partners


@pytest.fixture
def mirrored(committed: str, partners: Partners) -> None:
    """Clients with names and ids that a spreadsheet would take for more than text."""
    for number, name in enumerate(["Noura", "=HYPERLINK(1)", "+1", "-2", "@SUM(1)", "\tTab", 'a"b;c', "No\x00ura"]):
        partners.make_client(f"user_{number}", first_name=name, active=bool(number % 2))
    partners.make_client("=1+1", status="pending")
    sync_clients()


def test_the_table_and_the_file_agree_row_by_row(mirrored: None) -> None:
    assert len(assert_table_and_csv_agree(CLIENTS, queries.listed())) == 9


def test_the_file_holds_what_the_filter_finds_and_no_more(mirrored: None) -> None:
    rows = assert_table_and_csv_agree(CLIENTS, queries.listed(), "status=other")
    assert [row[1] for row in rows] == ["'=1+1"]


def test_the_button_gives_the_file_and_the_log_says_so(mirrored: None, client: Browser, vera: Person) -> None:
    client.force_login(vera)
    heading, *rows = downloaded(client.post("/clients/export/?active=deactivated"))
    assert heading[:3] == ["name", "partner_client_id", "status"]
    assert len(rows) == 4
    assert Entry.objects.get(event="export.made").person == vera


def test_a_file_is_not_given_to_an_administrator(mirrored: None, client: Browser, adam: Person) -> None:
    client.force_login(adam)
    assert client.post("/clients/export/").status_code == 403
