"""A session that ended while a page stood open: the whole page goes to sign in, never a part (security.md S15)."""

import pytest

from backoffice.accounts.matrix import TABLE
from tests.security.addresses import ADDRESSES
from tests.security.browsers import HTMX, Who
from tests.security.pages import Site

pytestmark = pytest.mark.usefixtures("nobody_waits")


@pytest.mark.parametrize("who", [Who.STRANGER, Who.DEACTIVATED])
def test_s15_htmx_is_told_to_leave_the_page(site: Site, who: Who) -> None:
    wrong = []
    for name in sorted(set(ADDRESSES) & set(TABLE)):
        if TABLE[name].public:
            continue
        for method in ("GET", "POST"):
            answer = site.browsers[who].ask(method, site.path(ADDRESSES[name]), **HTMX, **SHOWN)
            told = (answer.status_code, answer.headers.get("HX-Redirect"), answer.content)  # type: ignore[attr-defined]
            wrong += (
                [] if told == (401, "/accounts/login/?next=%2Forders%2F%3Fsort%3Damount", b"") else [f"{name}: {told}"]
            )
    assert wrong == []


TO_SIGN_IN = "/accounts/login/?next=%2Forders%2F%3Fsort%3Damount"
SHOWN = {"HX-Current-URL": "http://127.0.0.1/orders/?sort=amount"}
