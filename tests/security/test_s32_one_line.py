"""One event is one line, whatever somebody writes into names, addresses or headers (security.md S32)."""

import json
from urllib.parse import quote

import pytest

from backoffice.audit.models import Entry
from backoffice.audit.services import record
from tests.security.browsers import Who
from tests.security.logs import written_logs
from tests.security.pages import Site

BREAKERS = (
    *("a\nb", "a\r\nINFO forged", "\x1b[2J\x1b[31mred", "%s%n%d", '"} {"event": "forged', "\x00", "\u2028\u2029"),
    *("{0}{event}", "\\n", "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"), "\x85", "\x0b\x0c"),
)


@pytest.mark.parametrize("text", BREAKERS)
def test_s32_a_request_is_logged_on_lines_of_its_own(site: Site, text: str) -> None:
    with written_logs() as lines:
        said = {"User-Agent": text, "X-Request-ID": text}
        site.browsers[Who.STRANGER].ask("GET", "/accounts/login/", {"next": text}, **said)
        site.browsers[Who.ADMINISTRATOR].ask("GET", "/orders/", {"q": text}, **said)
        site.browsers[Who.STRANGER].ask("POST", "/accounts/login/", {"login": text, "password": "x"}, **said)
        site.browsers[Who.ADMINISTRATOR].ask("GET", f"/{quote(text, safe='')}/", **said)
    written = lines.getvalue().splitlines()
    assert len(written) >= 2, "a refusal and an address that is none"
    for line in written:
        assert json.loads(line).get("event") != "forged"
        assert line.isprintable()


@pytest.mark.parametrize("text", [text for text in BREAKERS if "\x00" not in text])
def test_s32_an_entry_of_the_log_is_cleaned(site: Site, text: str) -> None:
    browser = site.browsers[Who.ADMINISTRATOR]
    assert browser.ask("GET", "/orders/", {"q": text}).status_code == 403
    entry = Entry.objects.latest("number")
    assert entry.after is not None
    assert entry.after["page"].isprintable()
    kept = record("client.deactivated", by=entry.person, client=text, reason=text)  # type: ignore[arg-type]
    assert not set(kept.reason + kept.client) & set("\n\r\x1b\x85\x0b\x0c")
