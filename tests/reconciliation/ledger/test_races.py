"""Files of one ledger that are accepted at the same moment."""

from threading import Thread

from django.db import connection

from backoffice.accounts.models import Person
from backoffice.reconciliation.models import LedgerEntry
from backoffice.reconciliation.services import ledger
from tests.reconciliation.ledger.books import line, mapped, uploaded


def test_two_files_with_one_reference_accepted_at_once_never_both_count(committed: str) -> None:
    maya = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role="finance")
    source = mapped(maya)
    files = [uploaded(maya, source, line(1)), uploaded(maya, source, line(1), line(2), name="b.csv")]
    outcomes: list[str] = []

    def settle(file_id: int) -> None:
        try:
            ledger.accept(file_id=file_id, by=maya)
            outcomes.append("accepted")
        except ledger.BadLines:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=settle, args=(file.pk,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["accepted", "refused"]
    assert LedgerEntry.objects.filter(reference="dep-1").count() == 1
