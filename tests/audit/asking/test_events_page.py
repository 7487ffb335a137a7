"""The page of all events: each one with its sentence, under a heading, with the way to its newest entry."""

import pytest
from django.test import Client
from django.utils.html import escape

from backoffice.accounts.models import Person
from backoffice.audit.asking.pages import AREAS, area_of, newest_of
from backoffice.audit.events import SENTENCES
from backoffice.audit.services import record
from tests.audit.chain import WORKER


@pytest.mark.parametrize("area", sorted({area_of(code) for code in SENTENCES}))
def test_every_area_has_a_heading(area: str) -> None:
    assert area in AREAS


def test_every_event_stands_on_the_page_with_its_sentence(db: None, vera: Person, client: Client) -> None:
    client.force_login(vera)
    page = client.get("/audit/events/").content.decode()
    for code, sentence in SENTENCES.items():
        assert f"event={code}" in page
        assert escape(str(sentence)) in page


def test_the_newest_entry_of_an_event_is_found_and_led_to(db: None, vera: Person, client: Client) -> None:
    record("operation.failed", by=WORKER)
    newest = record("operation.failed", by=WORKER)
    assert newest_of(["operation.failed", "freeze.made"]) == {"operation.failed": newest.number}
    client.force_login(vera)
    assert f'href="/audit/{newest.number}/"' in client.get("/audit/events/").content.decode()


def test_every_part_of_the_page_is_led_to_by_name(db: None, vera: Person, client: Client) -> None:
    client.force_login(vera)
    page = client.get("/audit/events/").content.decode()
    for area in {area_of(code) for code in SENTENCES}:
        assert page.count(f'href="#area-{area}"') == page.count(f'id="area-{area}"') == 1
