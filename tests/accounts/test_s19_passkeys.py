"""Passkeys: with user verification, for this site, for this request, once (S19, S20)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from backoffice.accounts.factors import passkeys
from backoffice.accounts.factors.held import passkeys_of
from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.database import clock
from tests.accounts.test_s19_signing_in import FACTOR, give_password, is_in
from tests.factors import code_of, enrol, without_factor, wrong_code_of
from tests.passkeys import SoftPasskey

pytestmark = pytest.mark.usefixtures("db")

ADD = "/accounts/factors/passkeys/add/"
REMOVE = "/accounts/factors/passkeys/{}/remove/"
RECOVERY = "/accounts/factors/recovery-codes/"


@pytest.fixture
def key() -> SoftPasskey:
    return SoftPasskey()


def options_for(client: Client, address: str) -> dict[str, Any]:
    answer = client.post("/accounts/factor/passkey/", {"address": address}, secure=True)
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[no-any-return]


def registration(client: Client, key: SoftPasskey) -> str:
    return key.register(client.post("/accounts/factors/passkeys/options/", secure=True).json())


def add(client: Client, person: Person, key: SoftPasskey, name: str = "Work laptop") -> Any:
    made = {"name": name, "registration": registration(client, key), "code": code_of(person)}
    return client.post(ADD, made, secure=True)


@pytest.fixture
def with_key(client: Client, maya: Person, key: SoftPasskey) -> Client:
    """A browser in which Maya is signed in; she has an authenticator and a passkey."""
    enrol(maya)
    client.force_login(maya)
    assert add(client, maya, key)["Location"] == "/accounts/factors/"
    return client


def test_s19_a_passkey_is_added_with_a_factor_and_written_down(with_key: Client, maya: Person) -> None:
    assert passkeys_of(maya).get().data["name"] == "Work laptop"
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.person, entry.after) == (
        "factor.added",
        maya,
        {"factor": "passkey", "name": "Work laptop"},
    )
    assert "Work laptop" in with_key.get("/accounts/factors/").content.decode()


def test_s20_no_passkey_is_added_without_a_factor(client: Client, maya: Person, key: SoftPasskey) -> None:
    enrol(maya)
    client.force_login(maya)
    made = {"name": "Theirs", "registration": registration(client, key)}
    assert client.post(ADD, made, secure=True).status_code == 422
    assert client.post(ADD, {**made, "code": wrong_code_of(maya)}, secure=True).status_code == 422
    assert client.post(ADD, {**made, "password": "correct horse battery"}, secure=True).status_code == 422
    assert not passkeys_of(maya).exists()


def test_s19_a_passkey_lets_in_after_the_password(with_key: Client, maya: Person, key: SoftPasskey) -> None:
    browser = Client()
    give_password(browser, maya)
    page = browser.get(FACTOR).content.decode()
    assert "Use a passkey" in page
    answer = browser.post(FACTOR, {"credential": key.use(options_for(browser, FACTOR))}, secure=True)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(browser)


def test_s19_a_passkey_can_be_the_first_factor(client: Client, maya: Person, key: SoftPasskey) -> None:
    without_factor(client, maya)
    options = client.post("/accounts/enrol/passkey/options/", secure=True).json()
    made = {"name": "Key on the ring", "registration": key.register(options)}
    answer = client.post("/accounts/enrol/passkey/", made, secure=True)
    assert len(answer.context["codes"]) == 10
    assert is_in(client)


@pytest.mark.parametrize(
    "change",
    [
        {"verifies": False},
        {"site": "evil.example"},
        {"scheme": "http"},
        {"credential_id": b"another credential"},
        {"key": SoftPasskey().key},
        {"counter": 0},
    ],
    ids=[
        "no user verification",
        "another site",
        "plain http",
        "unknown credential",
        "another key",
        "counter stands still",
    ],
)
def test_s19_a_passkey_that_is_not_quite_right_is_refused(
    with_key: Client, maya: Person, key: SoftPasskey, change: dict[str, Any]
) -> None:
    used = {"credential": key.use(options_for(with_key, RECOVERY))}
    assert with_key.post(RECOVERY, used, secure=True).status_code == 200
    odd = replace(key, **change)
    answer = with_key.post(RECOVERY, {"credential": odd.use(options_for(with_key, RECOVERY))}, secure=True)
    assert answer.status_code == 422
    assert "That passkey was not accepted." in answer.content.decode()
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.after) == ("factor.failed", {"factor": "passkey"})


def test_s19_a_passkey_without_user_verification_cannot_be_registered(client: Client, maya: Person) -> None:
    enrol(maya)
    client.force_login(maya)
    answer = add(client, maya, SoftPasskey(verifies=False))
    assert answer.status_code == 422
    assert "The passkey could not be registered." in answer.content.decode()
    assert not passkeys_of(maya).exists()


def test_s20_the_answer_for_one_request_proves_nothing_for_another(
    with_key: Client, maya: Person, key: SoftPasskey
) -> None:
    passkey = passkeys_of(maya).get()
    for_codes = key.use(options_for(with_key, RECOVERY))
    assert with_key.post(REMOVE.format(passkey.pk), {"credential": for_codes}, secure=True).status_code == 422
    assert passkeys_of(maya).exists()


def test_s20_an_answer_is_good_once(with_key: Client, maya: Person, key: SoftPasskey) -> None:
    used = {"credential": key.use(options_for(with_key, RECOVERY))}
    assert with_key.post(RECOVERY, used, secure=True).status_code == 200
    assert with_key.post(RECOVERY, used, secure=True).status_code == 422


def test_s20_an_answer_sent_twice_at_the_same_time_counts_once(
    with_key: Client, maya: Person, key: SoftPasskey, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = replace(key, counter=-1)  # many passkeys never count
    monkeypatch.setattr(passkeys, "note_counter", lambda *_: True)
    used = {"credential": key.use(options_for(with_key, RECOVERY))}
    before = dict(with_key.session)
    assert with_key.post(RECOVERY, used, secure=True).status_code == 200
    session = with_key.session
    session.update(before)  # as a second request finds it that was read at the same moment
    session.save()
    assert with_key.post(RECOVERY, used, secure=True).status_code == 422


def test_s20_an_old_challenge_is_void(with_key: Client, key: SoftPasskey, monkeypatch: pytest.MonkeyPatch) -> None:
    used = {"credential": key.use(options_for(with_key, RECOVERY))}
    later = clock.now() + timedelta(minutes=5, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert with_key.post(RECOVERY, used, secure=True).status_code == 422


def test_s20_the_answer_of_another_session_is_refused(with_key: Client, maya: Person, key: SoftPasskey) -> None:
    other = Client()
    other.force_login(maya)
    used = {"credential": key.use(options_for(other, RECOVERY))}
    assert with_key.post(RECOVERY, used, secure=True).status_code == 422


def test_s19_the_passkey_of_somebody_else_is_refused(
    with_key: Client, maya: Person, omar: Person, key: SoftPasskey
) -> None:
    enrol(omar)
    other = Client()
    other.force_login(omar)
    used = {"credential": key.use(options_for(other, RECOVERY))}
    assert other.post(RECOVERY, used, secure=True).status_code == 422


def test_s18_codes_that_wait_keep_no_passkey_out(with_key: Client, maya: Person, key: SoftPasskey) -> None:
    for _ in range(12):
        with_key.post(RECOVERY, {"code": wrong_code_of(maya)}, secure=True)
    assert with_key.post(RECOVERY, {"code": code_of(maya)}, secure=True).status_code == 422
    used = {"credential": key.use(options_for(with_key, RECOVERY))}
    assert with_key.post(RECOVERY, used, secure=True).status_code == 200


@pytest.mark.parametrize(
    "answer",
    [
        "x",
        "{}",
        "[]",
        "null",
        "1",
        '{"id": 1}',
        "[" * 9000,
        '{"rawId": "AA", "id": "AA", "type": "public-key", "response": {}}',
        '{"rawId": "AA", "id": "AA", "type": "public-key", "response": {"clientDataJSON": "e30", "signature": "AA", '
        '"authenticatorData": "AA", "attestationObject": "AA"}}',
        '{"rawId": "é", "id": "\\u0000", "type": "public-key", "response": {"clientDataJSON": "_w"}}',
    ],
)
def test_s34_what_no_browser_would_send_is_refused(with_key: Client, maya: Person, answer: str) -> None:
    options_for(with_key, RECOVERY)
    assert with_key.post(RECOVERY, {"credential": answer}, secure=True).status_code == 422
    with_key.post("/accounts/factors/passkeys/options/", secure=True)
    made = {"name": "Odd", "registration": answer, "code": code_of(maya)}
    assert with_key.post(ADD, made, secure=True).status_code == 422
    assert passkeys_of(maya).count() == 1


@pytest.mark.parametrize("address", ["", "https://evil.example/", "x", "/" + "a" * 600])
def test_s34_a_challenge_is_for_an_address_of_ours(with_key: Client, address: str) -> None:
    assert with_key.post("/accounts/factor/passkey/", {"address": address}, secure=True).status_code == 404


def test_s34_a_session_keeps_few_challenges(with_key: Client) -> None:
    for number in range(20):
        options_for(with_key, f"/approvals/{number}/approve/")
    assert len(with_key.session[passkeys.SESSION_KEY]) == passkeys.MOST_OPEN


def test_s19_a_removed_passkey_lets_nobody_in(with_key: Client, maya: Person, key: SoftPasskey) -> None:
    passkey = passkeys_of(maya).get()
    address = REMOVE.format(passkey.pk)
    assert "Work laptop" in with_key.get(address, secure=True).content.decode()
    assert with_key.post(address, {"code": code_of(maya)}, secure=True)["Location"] == "/accounts/factors/"
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.before) == ("factor.removed", {"factor": "passkey", "name": "Work laptop"})
    assert (
        with_key.post(RECOVERY, {"credential": key.use(options_for(with_key, RECOVERY))}, secure=True).status_code
        == 422
    )


def test_s19_the_last_factor_is_never_removed(with_key: Client, maya: Person, key: SoftPasskey) -> None:
    Authenticator.objects.filter(user=maya, type="totp").delete()
    address = REMOVE.format(passkeys_of(maya).get().pk)
    answer = with_key.post(address, {"credential": key.use(options_for(with_key, address))}, secure=True)
    assert answer.status_code == 403
    assert "This is your only second factor." in answer.content.decode()
    assert passkeys_of(maya).exists()
    assert "Your only factor" in with_key.get("/accounts/factors/").content.decode()


def test_s2_the_passkey_of_somebody_else_cannot_be_removed(with_key: Client, maya: Person, omar: Person) -> None:
    enrol(omar)
    other = Client()
    other.force_login(omar)
    address = REMOVE.format(passkeys_of(maya).get().pk)
    assert other.get(address, secure=True).status_code == 404
    assert other.post(address, {"code": code_of(omar)}, secure=True).status_code == 404


def test_s34_nobody_has_more_passkeys_than_ten(with_key: Client, maya: Person) -> None:
    made = json.loads(json.dumps(passkeys_of(maya).get().data))
    Authenticator.objects.bulk_create(
        Authenticator(user=maya, type="webauthn", data={**made, "name": str(number)}) for number in range(9)
    )
    answer = add(with_key, maya, SoftPasskey())
    assert answer.status_code == 422
    assert "You have 10 passkeys, the most there can be." in answer.content.decode()
    assert "Add passkey" not in with_key.get("/accounts/factors/").content.decode()


@pytest.mark.parametrize(
    ("host", "possible"), [("testserver", True), ("localhost:8000", True), ("127.0.0.1:8000", False)]
)
def test_passkeys_are_offered_where_they_can_work(with_key: Client, host: str, possible: bool) -> None:
    page = with_key.get(RECOVERY, headers={"host": host}).content.decode()
    assert ("Use a passkey" in page) is possible
    page = with_key.get("/accounts/factors/", headers={"host": host}).content.decode()
    assert ("opened by a bare address" in page) is not possible
