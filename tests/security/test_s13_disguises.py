"""Who is paid is read off the screen: names that turn the line round or look like others are shown as what they are
(security.md S13)."""

import re

import pytest

from backoffice.accounts.models import Role
from backoffice.clients.models import Client
from tests.funding.cast import mirrored_asset, mirrored_client, withdrawal
from tests.security.browsers import Who, browsers_of, cast
from tests.security.pages import text_of

pytestmark = pytest.mark.usefixtures("db", "nobody_waits")
#: A name in disguise, and the title by which the page names what is hidden in it.
DISGUISES = {
    "Noura \u202egnikciK": "RIGHT-TO-LEFT OVERRIDE",
    "Noura\u200b Al Khalifa": "ZERO WIDTH SPACE",
    "Noura\u2066 Al": "LEFT-TO-RIGHT ISOLATE",
    "Nour\u0430 Al Khalifa": "CYRILLIC SMALL LETTER A",
    "Noura\u00ad Al": "SOFT HYPHEN",
    "Noura\u3164": "HANGUL FILLER",
    "\uff2eoura": "FULLWIDTH",
}


@pytest.mark.parametrize("name", DISGUISES)
def test_s13_the_approval_page_names_what_is_hidden_in_a_name(name: str) -> None:
    people = cast()
    asker = people[Who.FINANCE]
    assert asker.role == Role.FINANCE
    operation = withdrawal(asker, mirrored_client(name=name), mirrored_asset())
    page = text_of(browsers_of(people)[Who.MANAGER].ask("GET", f"/approvals/{operation.reference}/"))
    assert DISGUISES[name].casefold() in page.casefold()
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", visible_text(page))


def visible_text(page: str) -> str:
    """The page without the marks in which an odd character stands by itself."""
    return re.sub(r'<span class="odd"[^>]*>.*?</span>', "", page)


def test_s13_the_partners_id_stands_beside_the_name_in_its_own_direction() -> None:
    people = cast()
    operation = withdrawal(people[Who.FINANCE], mirrored_client(name="نورة آل خليفة"), mirrored_asset())
    client = Client.objects.get()
    page = text_of(browsers_of(people)[Who.MANAGER].ask("GET", f"/approvals/{operation.reference}/"))
    assert re.search(rf"<bdi[^>]*>{client.partner_client_id}</bdi>", page)
    assert "<bdi>نورة" in page
