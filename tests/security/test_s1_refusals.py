"""A refusal says who can, and is written down (security.md S1, S31)."""

from django.test import Client

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry


def test_s1_a_refusal_names_who_can_and_is_an_entry_of_the_log(db: None, client: Client, adam: Person) -> None:
    client.force_login(adam)
    response = client.get("/orders/?q=secret")
    assert response.status_code == 403
    assert "Only finance, managers and auditors can do this." in response.content.decode()
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.person, entry.result) == ("access.refused", adam, "refused")
    assert entry.after == {"method": "GET", "page": "/orders/?q=secret"}
    assert entry.reason == "Only finance, managers and auditors can do this."
    assert entry.request_id == response["X-Request-ID"]


def test_s1_whoever_is_not_signed_in_floods_no_log(client: Client, db: None) -> None:
    before = Entry.objects.count()
    for _ in range(5):
        client.get("/orders/")
    assert Entry.objects.count() == before
