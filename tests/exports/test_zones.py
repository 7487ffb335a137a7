"""Days are those of whoever asks, to the last byte: a browser takes it when the request, and its zone, is over."""

from contextlib import closing

import pytest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.exports.models import Format
from tests.exports.agree import parse
from tests.orders.said import mirror, said
from tests.orders.test_list import know_client

#: Fourteen hours ahead of UTC: no other zone begins its days earlier.
ZONE = "Pacific/Kiritimati"
THEIR_DAY = "/orders/export/?created_from=2026-11-19&created_to=2026-11-19"


@pytest.fixture
def as_vera(committed: str, client: Browser, vera: Person) -> Browser:
    """Vera, who lives far in the east, and two orders: half past midnight of her 19th, and noon of the 19th in UTC."""
    know_client("user_12345", "Noura Al Khalifa")
    mirror(
        said(id=1, debit="5.25", created_at="2026-11-18T10:30:00Z"),
        said(id=2, order_no="MND0000000002", debit="800.00", partner_order_ref=None, created_at="2026-11-19T12:00:00Z"),
    )
    Person.objects.filter(pk=vera.pk).update(time_zone=ZONE)
    client.force_login(vera)
    return client


def streamed(answer: HttpResponseBase) -> StreamingHttpResponse:
    assert isinstance(answer, StreamingHttpResponse), answer.status_code
    return answer


def taken(browser: Browser, form: dict[str, str]) -> bytes:
    """The file, its bytes taken when the request is over, as a server does."""
    with closing(streamed(browser.post(THEIR_DAY, form))) as answer:
        assert timezone.get_current_timezone_name() == "UTC"
        return answer.getvalue()


@pytest.mark.parametrize("format_", list(Format))
def test_a_streamed_file_holds_what_the_panel_counted(as_vera: Browser, format_: Format) -> None:
    page = as_vera.get(THEIR_DAY).content.decode()
    assert "1 order" in page and "5.25" in page
    assert taken(as_vera, {"format": format_})
    said_of_it = Entry.objects.get(event="export.made").after or {}
    assert (said_of_it["rows"], said_of_it["sums"], said_of_it["zone"]) == (1, {"USD": "5.25"}, ZONE)


def test_a_streamed_file_begins_its_days_where_the_person_does(as_vera: Browser) -> None:
    _heading, *rows = parse(taken(as_vera, {"format": Format.CSV}))
    assert [row[0] for row in rows] == ["1"]


def test_a_file_that_breaks_off_names_the_zone_too(as_vera: Browser) -> None:
    answer = streamed(as_vera.post(THEIR_DAY))
    next(iter(answer))
    answer.close()
    assert (Entry.objects.get(event="export.broken").after or {})["zone"] == ZONE
