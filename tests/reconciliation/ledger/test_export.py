"""The file of the entries: COPY and screen say the same."""

from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.reconciliation.ledger import queries
from backoffice.reconciliation.views.ledger import LEDGER_ENTRIES
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.reconciliation.ledger.books import accepted, line, mapped


def test_entries_are_exported_as_they_are_shown(client: Browser, committed: str) -> None:
    maya = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role="finance")
    source = mapped(maya)
    accepted(maya, source, line(1), line(2, type="out", reference="wd-2"))
    other = accepted(maya, source, line(3), name="other.csv")
    client.force_login(maya)
    rows = downloaded(client.post(f"/reconciliation/ledgers/entries/export/?file={other.pk}"))
    assert len(rows) == 2
    assert len(assert_table_and_csv_agree(LEDGER_ENTRIES, queries.entries())) == 3
