"""Every address × GET and POST × everybody, against `matrix.py` (security.md S1). It is made from the URLconf."""

from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from backoffice.accounts.matrix import TABLE, Roles, Row
from backoffice.accounts.models import Person, Role
from backoffice.audit.models import Entry
from tests.security.addresses import ADDRESSES, Address

pytestmark = pytest.mark.usefixtures("db")
SIGN_IN = "/accounts/login/"


KNOWN = [pytest.param(ADDRESSES[name], row, id=name) for name, row in TABLE.items() if name in ADDRESSES]


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups of made-up objects reach no partner here; they need not wait before they try again."""
    monkeypatch.setattr("backoffice.partner.clock.SystemClock.sleep", lambda _clock, _seconds: None)


@pytest.fixture
def people() -> dict[Role, Person]:
    return {role: person(role) for role in Role}


def person(role: Role, **extra: Any) -> Person:
    return Person.objects.create_person(email=f"{role}@example.com", name=str(role), role=role, **extra)


def signed_in(someone: Person) -> Client:
    client = Client()
    client.force_login(someone)
    return client


def ask(client: Client, method: str, path: str, **headers: str) -> HttpResponseBase:
    response: HttpResponseBase = getattr(client, method)(path, headers=headers)
    return response


def is_sent_to_sign_in(response: HttpResponseBase) -> bool:
    return response.status_code == 302 and response["Location"].startswith(SIGN_IN)


def got_in(response: HttpResponseBase) -> bool:
    """Whether the address answered. A view that fails raises here; by 503 a probe says that a part is missing."""
    return response.status_code not in (401, 403, 405, 500)


def test_every_address_has_a_row() -> None:
    assert sorted(set(ADDRESSES) - set(TABLE)) == [], "add a row for each to backoffice/accounts/matrix.py"


def test_every_row_has_an_address() -> None:
    assert sorted(set(TABLE) - set(ADDRESSES)) == []


@pytest.mark.parametrize(("address", "row"), KNOWN)
def test_each_role_gets_in_where_the_policy_says_so(address: Address, row: Row, people: dict[Role, Person]) -> None:
    for role, someone in people.items():
        client = signed_in(someone)
        for method, roles in (("get", row.get), ("post", row.post)):
            response = ask(client, method, address.path)
            assert_as_the_policy_says(response, role, roles, f"{method} {address.path} as {role}")


def assert_as_the_policy_says(response: HttpResponseBase, role: Role, roles: Roles, what: str) -> None:
    if role in roles:
        assert got_in(response), f"{what}: must get in, but {response.status_code}"
    else:
        expected = (403,) if roles else (403, 405)
        assert response.status_code in expected, f"{what}: must be refused, but {response.status_code}"


@pytest.mark.parametrize(("address", "row"), KNOWN)
def test_whoever_is_not_signed_in_gets_in_nowhere_but_at_the_door(address: Address, row: Row) -> None:
    for method in ("get", "post", "head", "put", "patch", "delete", "options"):
        assert is_sent_to_sign_in(ask(Client(), method, address.path)) or row.public, f"{method} {address.path}"
    if not row.public:
        assert ask(Client(), "get", address.path, **{"HX-Request": "true"}).status_code == 401


@pytest.mark.parametrize(("address", "row"), KNOWN)
def test_a_closed_account_gets_in_nowhere(address: Address, row: Row) -> None:
    client = signed_in(person(Role.MANAGER))
    Person.objects.update(is_active=False)
    for method in ("get", "post"):
        assert is_sent_to_sign_in(ask(client, method, address.path)) or row.public, f"{method} {address.path}"


@pytest.mark.parametrize(("address", "row"), KNOWN)
def test_no_address_takes_another_method(address: Address, row: Row) -> None:
    client = signed_in(person(Role.MANAGER))
    for method in ("put", "patch", "delete"):
        assert ask(client, method, address.path).status_code in (403, 405), f"{method} {address.path}"


def test_every_refusal_is_written_down_and_says_who_can(client: Client) -> None:
    someone = person(Role.ADMINISTRATOR)
    client.force_login(someone)
    response = client.get("/orders/?q=secret")
    assert response.status_code == 403
    assert "Only finance, managers and auditors can do this." in response.content.decode()
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.person, entry.result) == ("access.refused", someone, "refused")
    assert entry.after == {"method": "GET", "page": "/orders/?q=secret"}
    assert entry.reason == "Only finance, managers and auditors can do this."
    assert entry.request_id == response["X-Request-ID"]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}, {"Origin": "https://evil.example"}])
def test_a_form_without_its_token_is_refused_and_written_down(headers: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person(Role.FINANCE))
    response = client.post("/accounts/settings/", {"time_zone": "UTC"}, headers=headers)
    assert response.status_code == 403
    assert "Go back, reload the page and send it again." in response.content.decode()
    assert Entry.objects.latest("number").event == "access.refused"
    assert Person.objects.get().time_zone == "Asia/Bahrain"
