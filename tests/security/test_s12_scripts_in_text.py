"""Text of strangers stays text, on every page and in every part of one (security.md S12)."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.http import BadHeaderError, HttpResponse
from django.test import Client as Browser

from backoffice.accounts.models import Person, Role
from backoffice.audit.services import record
from tests.funding.bulk import files
from tests.funding.cast import deposit, mirrored_asset, mirrored_client, withdrawal
from tests.orders import said as orders
from tests.people import in_role
from tests.security.addresses import Address
from tests.security.browsers import Who, browsers_of, cast
from tests.security.objects import named
from tests.security.pages import Site, text_of
from tests.transactions import said as transactions

pytestmark = pytest.mark.usefixtures("nobody_waits")
#: Each breaks out of another place: text, attributes, a script, a style, a comment, a title, a template, an address.
CORPUS = (
    "<evil-tag data-evil=1>x</evil-tag>",
    "\"><evil-tag data-evil='2'>",
    "' data-evil='3' onmouseover='evil()' x='",
    '" data-evil="4" hx-get="/evil/" hx-trigger="load" x="',
    "` data-evil=5 onload=evil() ",
    "</script><script data-evil=6>evil()</script>",
    "</style><style data-evil=7>*{}</style>",
    "--><evil-tag data-evil=8>",
    "</title><evil-tag data-evil=9>",
    "</textarea><evil-tag data-evil=10>",
    "javascript:evil()//",
    "data:text/html,<script data-evil=11>evil()</script>",
    "{{7777*7777}}{% debug %}${7777*7777}#{7777*7777}",
    "&lt;evil-tag data-evil=12&gt;",
    "<svg/onload=evil() data-evil=13>",
    "<math><mtext><evil-tag data-evil=14>",
    "\u003cevil-tag data-evil=15\u003e",
    "<\x00evil-tag data-evil=16>",
    "＜evil-tag data-evil=17＞",
    '{"data-evil":"18","HX-Trigger":"evil"}',
)
#: Ways by which an address could run something.
ACTIVE = re.compile(r"^\s*(javascript|data|vbscript):", re.IGNORECASE)
ADDRESSES_IN = ("href", "src", "action", "formaction", "hx-get", "hx-post", "poster", "background")


class Page(HTMLParser):
    """Reads a page as a browser would, and remembers what no page of ours holds."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"<{tag}>"] if tag.startswith("evil") else []
        for name, value in attrs:
            if name.startswith(("data-evil", "on")) or (name.startswith("hx-") and "/evil/" in (value or "")):
                self.found.append(f"{tag} {name}={value!r}")
            if name in ADDRESSES_IN and ACTIVE.match(value or "") and not is_picture(tag, value or ""):
                self.found.append(f"{tag} {name}={value!r}")


def is_picture(tag: str, value: str) -> bool:
    """Whether an address only draws: a picture runs nothing, whatever stands in it."""
    return value == "data:," or (tag == "img" and value.startswith("data:image/"))


def what_came_alive(html: str) -> list[str]:
    page = Page()
    page.feed(html)
    return page.found + (["a template"] if str(7777 * 7777) in html else [])


@pytest.fixture
def poisoned(db: None) -> Site:
    """The corpus in every text that somebody else writes: partners, colleagues, files, metadata."""
    people = cast()
    asker = people[Who.REQUESTER]
    with in_role(asker, Role.FINANCE):
        everything = " ".join(text.replace("\x00", "") for text in CORPUS)
        client, asset = mirrored_client(name=everything[:900]), mirrored_asset(name=everything[:200])
        first = withdrawal(asker, client, asset, reason=everything[:480])
        for number, text in enumerate(CORPUS, 1):
            clean = text.replace("\x00", "")
            named_so = mirrored_client(f"user_{number:05}", name=clean)
            deposit(asker, named_so, asset, f"{number}.00", reason=f"{clean} ok")
            orders.mirror(orders.said(id=number, order_no=clean[:60], partner_order_ref=clean[:60], source=clean[:40]))
            transactions.mirror(transactions.said(number, reference=clean[:60], metadata={clean: clean}))
            record("client.deactivated", by=people[Who.MANAGER], client=clean[:60], reason=clean, after={clean: clean})
        file = files.uploaded(asker, files.deposits(2), name=f"{CORPUS[1]}.csv")
    Person.objects.filter(pk=asker.pk).update(name=CORPUS[0])
    objects = {**named(first), "file_id": file.pk, "order_id": 1, "partner_client_id": client.partner_client_id}
    return Site(browsers_of(people), {**objects, "transaction_id": transactions.key(1), "number": 1})


def pages(site: Site) -> Iterator[tuple[Address, str]]:
    for address, browser in site.pages("GET"):
        yield address, text_of(browser.ask("GET", site.path(address)))


def test_s12_no_text_of_a_stranger_comes_alive_on_any_page(poisoned: Site) -> None:
    shown = list(pages(poisoned))
    alive = {address.name: found for address, page in shown for found in [what_came_alive(page)] if found}
    assert alive == {}
    assert sum("evil" in page for _address, page in shown) > 10  # it is shown, as text


@pytest.mark.parametrize("name", ["q", "sort", "next", "client", "reference", "page", "created_from", "state"])
def test_s12_nothing_typed_into_an_address_comes_alive(site: Site, name: str) -> None:
    typed = {name: " ".join(CORPUS[:12])}
    answers = {one.name: text_of(browser.ask("GET", site.path(one), typed)) for one, browser in site.pages("GET")}
    assert {name: found for name, page in answers.items() for found in [what_came_alive(page)] if found} == {}


def test_s12_nothing_typed_into_a_form_comes_alive(site: Site) -> None:
    names = ("reason", "note", "client", "amount", "name", "email", "login", "next")
    typed = {name: " ".join(CORPUS[:8]) for name in names}
    answers = {one.name: text_of(browser.ask("POST", site.path(one), typed)) for one, browser in site.pages("POST")}
    assert {name: found for name, page in answers.items() for found in [what_came_alive(page)] if found} == {}


def test_s12_the_reader_finds_what_comes_alive() -> None:
    """The counterpart: were the corpus not escaped, every page above would be named."""
    missed = [text for text in CORPUS[:11] if "evil-tag" in text and not what_came_alive(f"<p>{text}</p>")]
    assert missed == []
    assert what_came_alive(f'<a href="{CORPUS[10]}">x</a>')
    assert what_came_alive(f'<p title="{CORPUS[3]}">x</p>')


@pytest.mark.parametrize("name", ["HX-Trigger", "HX-Redirect", "Location", "Content-Disposition", "X-Request-ID"])
def test_s12_no_header_takes_a_second_line(name: str) -> None:
    with pytest.raises(BadHeaderError):
        HttpResponse()[name] = "a\r\nSet-Cookie: evil=1"


def test_s12_no_answer_of_a_partner_becomes_a_header(poisoned: Site) -> None:
    for address, browser in poisoned.pages("GET"):
        answer = browser.ask("GET", poisoned.path(address))
        assert "evil" not in " ".join(answer.headers.values()).replace("/policy-report/", ""), address.name


def test_s12_a_page_that_is_none_repeats_nothing(client: Browser, db: None) -> None:
    page = client.get("/%3Cevil-tag%20data-evil=1%3E/", headers={"HX-Request": "false"}).content.decode()
    assert what_came_alive(page) == []
