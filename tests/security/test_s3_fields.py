"""What a role may not see is in none of its pages (security.md S3)."""

import pytest

from backoffice.accounts.matrix import ADMINISTRATOR, READERS_OF_MONEY, TABLE
from backoffice.accounts.models import Person
from backoffice.clients.models import Client
from tests.funding.cast import mirrored_asset, withdrawal
from tests.orders import said as orders
from tests.security.browsers import Who
from tests.security.pages import OF_ROLE, Site, text_of
from tests.transactions import said as transactions

pytestmark = pytest.mark.usefixtures("nobody_waits")
#: What stands nowhere but in the books of money: a name, an amount, a reason, words of both partners' raw answers.
MARKERS = ("Zebrafish Holdings", "71234.56", "71,234.56", "Marmalade invoice 8841", "canary-channel", "canary-order-no")
#: The log is the administrators' to read, with what it says of money; the raw answers are not in it.
LOG = ("audit:", "exports:")


@pytest.fixture
def marked(site: Site) -> Site:
    """The site once more with figures that would be known anywhere."""
    client = Client.objects.create(
        partner_client_id="user_zebra", name=MARKERS[0], status="verified", active=True, raw=b"{}", read_at=orders.NOON
    )
    asker = Person.objects.get(email="finance@example.com")
    withdrawal(asker, client, mirrored_asset("EUR"), "71234.56", reason=MARKERS[3])
    orders.mirror(orders.said(id=990, order_no="canary-order-no", debit="71234.56", partner_client_id="user_zebra"))
    transactions.mirror(transactions.said(990, metadata={"channel": "canary-channel"}))
    return site


def test_s3_administrators_see_no_money_outside_the_log(marked: Site) -> None:
    browser = marked.browsers[OF_ROLE[ADMINISTRATOR]]
    seen = {}
    for address, _one in marked.pages("GET"):
        if ADMINISTRATOR in TABLE[address.name].get and not address.name.startswith(LOG):
            page = text_of(browser.ask("GET", marked.path(address)))
            seen[address.name] = [marker for marker in MARKERS if marker in page]
    assert {name: markers for name, markers in seen.items() if markers} == {}
    assert len(seen) > 5


def test_s3_raw_answers_are_for_readers_of_money(marked: Site) -> None:
    for name in ("orders:detail", "transactions:detail", "clients:detail"):
        assert set(TABLE[name].get) == set(READERS_OF_MONEY)
    page = text_of(marked.browsers[Who.AUDITOR].ask("GET", "/orders/990/"))
    assert "canary-order-no" in page  # the counterpart: it is there for whoever may see it
