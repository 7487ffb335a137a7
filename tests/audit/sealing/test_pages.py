"""The page for verifying the log shows how far it is sealed, and what signatures are checked with."""

from pathlib import Path

import pytest
from django.test import Client
from django.utils.html import strip_tags
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.audit.sealing.keys import public_keys, written_key
from backoffice.audit.sealing.watching import check_or_tell, seal_or_tell
from tests.audit.chain import write
from tests.audit.sealing.sealed_log import file_of, three_seals

pytestmark = pytest.mark.usefixtures("db")


def page(client: Client, vera: Person) -> str:
    client.force_login(vera)
    return client.get("/audit/verify/").content.decode().replace("</dt>", "</dt> ")


def test_it_shows_the_newest_seal_and_the_public_key(client: Client, vera: Person, second_place: Path) -> None:
    newest = three_seals()[-1]
    write(2)
    text = page(client, vera)
    assert "Seal 3, of entry 6" in text
    assert newest.hash in text
    assert all(name in text and written_key(key) in text for name, key in public_keys().items())


def test_it_names_what_the_last_check_found(client: Client, vera: Person, second_place: Path) -> None:
    three_seals()
    file_of(second_place, 2).unlink()
    check_or_tell()
    assert "Seal 2 is missing from the second place." in page(client, vera)


def test_it_counts_what_is_still_to_be_copied(client: Client, vera: Person, second_place: Path) -> None:
    three_seals()
    second_place.rename(second_place.with_name("away"))
    seal_or_tell()
    assert "Not yet in the second place 1" in " ".join(strip_tags(page(client, vera)).split())


def test_a_log_without_seals_says_so(client: Client, vera: Person, settings: Settings) -> None:
    settings.AUDIT_SEAL_KEY = ""
    assert "This log is not sealed" in page(client, vera)
