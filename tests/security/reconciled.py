"""What addresses of the reconciliation name: a closed day that drifted, an exception, a job, a book, both proofs."""

from unittest.mock import patch

from backoffice.accounts.models import Person, Role
from backoffice.reconciliation.comparing import partner_total
from backoffice.reconciliation.models import RunJob
from backoffice.reconciliation.services.balances import prove_balances
from backoffice.reconciliation.services.transactions import check_transactions
from tests.reconciliation import rows
from tests.reconciliation.days import cast
from tests.reconciliation.ledger import books


def closed_by(manager: Person) -> dict[str, object]:
    """Have ``manager`` close a day that somebody of finance prepared, and return what names all there is of it."""
    finance = rows.person("Maya", Role.FINANCE)
    with patch.object(partner_total, "partner_says", lambda *window: partner_total.mirror_holds(*window)[0]):
        report = cast.signed_day(finance, manager)
    ledger = books.mapped(finance)
    return {
        "day": cast.DATE,
        "version": report.version,
        "run_id": report.run_id,
        "job_id": RunJob.objects.latest("pk").pk,
        "item_id": cast.exception(report.run).pk,
        "source_id": ledger.pk,
        "ledger_file_id": books.uploaded(finance, ledger, books.line()).pk,
        "proofs_id": prove_balances(by=finance).pk,
        "check_id": check_transactions(by=finance).pk,
    }
