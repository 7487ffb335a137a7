"""The file of the entries: COPY and screen say the same."""

from decimal import Decimal

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.reconciliation.ledger import queries
from backoffice.reconciliation.services import ledger
from backoffice.reconciliation.views.ledger import LEDGER_ENTRIES
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.reconciliation.ledger.books import accepted, line, mapped

PAGE, EXPORT = "/reconciliation/ledgers/entries/", "/reconciliation/ledgers/entries/export/"
BOTH = "file_state=accepted&file_state=withdrawn"


@pytest.fixture
def corrected(client: Browser, committed: str) -> Browser:
    """A file that was withdrawn, the one that stands for it with the same line, and in it a payment that failed."""
    maya = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role="finance")
    source = mapped(maya)
    wrong = accepted(maya, source, line(1), line(2, amount="9.00"), name="wrong.csv")
    ledger.withdraw(file_id=wrong.pk, reason="The second line is wrong", by=maya)
    failed = line(3, status="void", amount="70.00")
    accepted(maya, source, line(1), line(2, type="out", amount="0.25"), failed, name="right.csv")
    client.force_login(maya)
    return client


def told(row: list[str], heading: list[str], *names: str) -> tuple[str, ...]:
    return tuple(row[heading.index(name)] for name in names)


def sums_of_manifest() -> tuple[int, dict[str, str], dict[str, str]]:
    said = Entry.objects.filter(event="export.made").latest("number").after or {}
    return said["rows"], said["sums"], said["summed"]


def test_entries_are_exported_as_they_are_shown(client: Browser, committed: str) -> None:
    maya = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role="finance")
    source = mapped(maya)
    accepted(maya, source, line(1), line(2, type="out", reference="wd-2"))
    other = accepted(maya, source, line(3), name="other.csv")
    client.force_login(maya)
    rows = downloaded(client.post(f"/reconciliation/ledgers/entries/export/?file={other.pk}"))
    assert len(rows) == 2
    assert len(assert_table_and_csv_agree(LEDGER_ENTRIES, queries.entries())) == 3


@pytest.mark.parametrize("preset", ["full", "accounting"])
def test_a_withdrawn_file_does_not_stand_beside_its_replacement(corrected: Browser, preset: str) -> None:
    heading, *rows = downloaded(corrected.post(EXPORT, {"preset": preset}))
    assert sorted(told(row, heading, "reference", "file", "state") for row in rows) == [
        ("dep-1", "right.csv", "accepted"),
        ("dep-2", "right.csv", "accepted"),
        ("dep-3", "right.csv", "accepted"),
    ]
    assert sums_of_manifest() == (3, {"USD": "1.25"}, {"amount": "summed_amount", "asset": "asset"})


@pytest.mark.parametrize("preset", ["full", "accounting"])
def test_withdrawn_entries_leave_when_asked_for_told_apart_and_summed_with_nothing(
    corrected: Browser, preset: str
) -> None:
    heading, *rows = downloaded(corrected.post(f"{EXPORT}?{BOTH}", {"preset": preset}))
    twice = sorted(told(row, heading, "file", "line", "state", "summed_amount") for row in rows if "dep-1" in row)
    assert twice == [("right.csv", "2", "accepted", "1.50"), ("wrong.csv", "2", "withdrawn", "")]
    assert sums_of_manifest()[:2] == (5, {"USD": "1.25"})
    downloaded(corrected.post(f"{EXPORT}?file_state=withdrawn", {"preset": preset}))
    assert sums_of_manifest()[:2] == (2, {})


def test_the_list_adds_up_what_its_file_adds_up(corrected: Browser) -> None:
    for query in ("", BOTH, "file_state=withdrawn"):
        summary = corrected.get(f"{PAGE}?{query}").context["page"].summary
        downloaded(corrected.post(f"{EXPORT}?{query}"))
        rows, sums, _summed = sums_of_manifest()
        assert summary.count == rows
        assert {asset: sum(amounts.values()) for asset, amounts in summary.sums} == {
            asset: Decimal(text) for asset, text in sums.items()
        }


def test_the_table_and_the_file_of_withdrawn_entries_agree(corrected: Browser) -> None:
    assert len(assert_table_and_csv_agree(LEDGER_ENTRIES, queries.entries(), BOTH)) == 5


def test_page_and_panel_say_what_the_sums_leave_out(corrected: Browser) -> None:
    for address in (PAGE, EXPORT, f"{PAGE}?file_state=withdrawn", f"{EXPORT}?{BOTH}"):
        page = corrected.get(address).content.decode()
        assert "Failed entries and withdrawn files are left out." in page, address
