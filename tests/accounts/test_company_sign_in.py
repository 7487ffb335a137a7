"""Sign-in with the company account, against a provider over real HTTP (S14, S17, S18, S19; traps of the library)."""

import http.client
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from tests.accounts import identity_provider
from tests.accounts.identity_provider import CLIENT_ID, CLIENT_SECRET, PUBLIC_PEM, STRANGERS_KEY, IdentityProvider, flat
from tests.factors import code_of, enrol

pytestmark = pytest.mark.usefixtures("db")

BEGIN, BACK, DOOR = "/accounts/company/", "/accounts/company/callback/", "/accounts/login/"
NOTHING_HERE = "Your company account opens nothing here."


@pytest.fixture(scope="module")
def server() -> Iterator[IdentityProvider]:
    with identity_provider.running() as known:
        yield known


@pytest.fixture
def provider(server: IdentityProvider, settings: Settings, db: None) -> IdentityProvider:
    server.__init__(server.address)  # type: ignore[misc]  # honest again
    cache.clear()
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = (
        server.address,
        CLIENT_ID,
        CLIENT_SECRET,
    )
    return server


def follow(address: str) -> str:
    """Open an address of the provider as a browser does, and return where it leads."""
    at = urlsplit(address)
    connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=5)
    connection.request("GET", f"{at.path}?{at.query}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return str(answer.headers["Location"])


def way_back(client: Client, begin: str = BEGIN) -> str:
    """Go to the provider and sign in there; return the path on this site the browser is sent back to."""
    back = urlsplit(follow(client.get(begin)["Location"]))
    return f"{back.path}?{back.query}"


def come_in(client: Client, begin: str = BEGIN) -> Any:
    return client.get(way_back(client, begin))


def said_at_the_door(client: Client, answer: Any) -> str:
    assert (answer.status_code, answer["Location"]) == (302, DOOR)
    assert SESSION_KEY not in client.session
    page: str = client.get(DOOR).content.decode()
    return page


def refused(client: Client, answer: Any, reason: str, email: str = "maya@example.com") -> None:
    """It was refused with the one sentence, and the log says why."""
    assert NOTHING_HERE in said_at_the_door(client, answer)
    entry = Entry.objects.get(event="person.company_sign_in_refused")
    assert reason in entry.reason
    assert (entry.after, entry.result) == ({"email": email}, "refused")


def test_s19_the_company_account_leads_to_the_second_factor_and_no_further(
    client: Client, provider: IdentityProvider, maya: Person
) -> None:
    enrol(maya)
    answer = come_in(client)
    assert answer["Location"].startswith("/accounts/factor/")
    assert SESSION_KEY not in client.session
    assert client.get("/accounts/settings/").status_code == 302
    client.post("/accounts/factor/", {"code": code_of(maya)})
    assert client.session[SESSION_KEY] == str(maya.pk)
    assert client.get("/accounts/settings/").status_code == 200
    assert Entry.objects.filter(event="person.signed_in", person=maya).count() == 1


def test_s19_without_a_factor_nothing_but_enrolling_is_open(
    client: Client, provider: IdentityProvider, maya: Person
) -> None:
    come_in(client)
    assert client.get("/funding/")["Location"].startswith("/accounts/enrol/")


def test_it_leads_on_to_the_page_that_was_asked_for(client: Client, provider: IdentityProvider, maya: Person) -> None:
    enrol(maya)
    come_in(client, f"{BEGIN}?next=/orders/")
    answer = client.post("/accounts/factor/", {"code": code_of(maya)})
    assert answer["Location"] == "/orders/"


@pytest.mark.parametrize(
    "address", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http://[::1"]
)
def test_s14_it_never_leads_off_the_site(
    client: Client, provider: IdentityProvider, maya: Person, address: str
) -> None:
    enrol(maya)
    come_in(client, f"{BEGIN}?next={address}")
    assert client.post("/accounts/factor/", {"code": code_of(maya)})["Location"] == "/"


def test_state_nonce_and_challenge_travel_and_are_new_each_time(client: Client, provider: IdentityProvider) -> None:
    first, second = (flat(urlsplit(client.get(BEGIN)["Location"]).query) for _ in range(2))
    assert set(first["scope"].split()) == {"openid", "email"}
    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]


def test_s17_the_way_back_is_the_fixed_address(client: Client, provider: IdentityProvider, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://office.example.com"
    asked = flat(urlsplit(client.get(BEGIN, HTTP_HOST="localhost")["Location"]).query)
    assert asked["redirect_uri"] == "https://office.example.com/accounts/company/callback/"


def test_nothing_that_a_query_says_reaches_the_provider(client: Client, provider: IdentityProvider) -> None:
    asked = flat(
        urlsplit(client.get(f"{BEGIN}?scope=admin&auth_params=prompt%3Dnone&process=connect")["Location"]).query
    )
    assert set(asked["scope"].split()) == {"openid", "email"}
    assert "prompt" not in asked


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"email_verified": False}, "the e-mail address is not verified"),
        ({"email_verified": None}, "the e-mail address is not verified"),
        ({"email_verified": "true"}, "the e-mail address is not verified"),
        ({"email_verified": 1}, "the e-mail address is not verified"),
    ],
)
def test_s19_an_address_that_is_not_verified_opens_nothing(
    client: Client, provider: IdentityProvider, maya: Person, claims: dict[str, Any], reason: str
) -> None:
    provider.claims = claims
    refused(client, come_in(client), reason)


@pytest.mark.parametrize("alike", ["k\u017fenia@example.com", "\u212asenia@example.com", "ksenia@ban\u212a.example"])
def test_s19_an_address_that_only_looks_the_same_in_small_letters_opens_nothing(
    client: Client, provider: IdentityProvider, maya: Person, alike: str
) -> None:
    """A long s and a kelvin sign become s and k in small letters; whoever has such an address is somebody else."""
    Person.objects.filter(pk=maya.pk).update(email=alike.casefold())
    provider.claims = {"email": alike}
    refused(client, come_in(client), "of other letters than plain ones", alike)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": "of another sign-in"}, "the token is for another sign-in"),
        ({"nonce": None}, "nonce"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": None}, "iss"),
        ({"aud": "another-client"}, "Audience"),
        ({"aud": [CLIENT_ID, "another-client"]}, "made for somebody else"),
        ({"aud": None}, "aud"),
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"exp": None}, "exp"),
        ({"iat": int(time.time()) + 3600}, "not yet valid"),
        ({"sub": None}, "sub"),
        ({"email": None}, "names no e-mail address"),
        ({"email": ["maya@example.com"]}, "names no e-mail address"),
        ({"email": "maya@example.com\0"}, "names no e-mail address"),
        ({"email": "maya@example.com\r\nX: y"}, "names no e-mail address"),
    ],
)
def test_s19_a_token_that_is_not_sound_opens_nothing(
    client: Client, provider: IdentityProvider, maya: Person, claims: dict[str, Any], reason: str
) -> None:
    provider.claims = claims
    refused(client, come_in(client), reason, email="")


@pytest.mark.parametrize(
    ("key", "algorithm", "reason"),
    [
        ("", "none", "signed by 'none'"),
        (STRANGERS_KEY, "RS256", "Signature verification failed"),
        ("a shared secret that anybody may guess at", "HS256", "signed by 'HS256'"),
    ],
)
def test_s19_a_token_signed_by_nobody_or_somebody_else_opens_nothing(
    client: Client, provider: IdentityProvider, maya: Person, key: Any, algorithm: str, reason: str
) -> None:
    provider.key, provider.algorithm = key, algorithm
    refused(client, come_in(client), reason, email="")


def test_s19_the_public_key_is_no_shared_secret(
    client: Client, provider: IdentityProvider, maya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jwt.algorithms.is_pem_format", lambda _key: False)  # lets the attacker sign with it
    provider.key, provider.algorithm = PUBLIC_PEM, "HS256"
    refused(client, come_in(client), "signed by 'HS256'", email="")


def test_a_key_that_is_new_is_asked_for_once(client: Client, provider: IdentityProvider, maya: Person) -> None:
    enrol(maya)
    come_in(client)
    provider.key_id = provider.published_id = "second"
    assert come_in(Client())["Location"].startswith("/accounts/factor/")
    assert provider.asked.count("/keys") == 2


def test_s19_a_key_that_the_provider_does_not_have_opens_nothing(
    client: Client, provider: IdentityProvider, maya: Person
) -> None:
    provider.key_id = "none of theirs"
    refused(client, come_in(client), "a key the provider does not have", email="")


def test_s18_an_unknown_person_is_refused_and_never_made(client: Client, provider: IdentityProvider) -> None:
    provider.claims = {"email": "stranger@example.com"}
    refused(client, come_in(client), "nobody has an account", "stranger@example.com")
    assert not Person.objects.exists()


def test_s18_a_closed_account_is_refused_with_the_same_sentence(
    client: Client, provider: IdentityProvider, maya: Person
) -> None:
    Person.objects.update(is_active=False)
    refused(client, come_in(client), "is closed")
    assert Entry.objects.get(event="person.company_sign_in_refused").object_id == str(maya.pk)


def test_the_case_of_an_address_does_not_matter(client: Client, provider: IdentityProvider, maya: Person) -> None:
    enrol(maya)
    provider.claims = {"email": "Maya@EXAMPLE.com"}
    assert come_in(client)["Location"].startswith("/accounts/factor/")


def test_the_password_stays_as_it_was(client: Client, provider: IdentityProvider, maya: Person) -> None:
    enrol(maya)
    come_in(client)
    before = maya.password
    maya.refresh_from_db()
    assert maya.password == before
    assert maya.check_password("correct horse battery")


def test_an_answer_belongs_to_the_browser_that_began(client: Client, provider: IdentityProvider, maya: Person) -> None:
    enrol(maya)
    back = way_back(client)
    stranger = Client()
    assert "begun elsewhere" in said_at_the_door(stranger, stranger.get(back))
    other = Client()
    other.get(BEGIN)
    assert "begun elsewhere" in said_at_the_door(other, other.get(back))


def test_an_answer_is_looked_at_once(client: Client, provider: IdentityProvider, maya: Person) -> None:
    enrol(maya)
    back = way_back(client)
    client.get(back)
    assert "begun elsewhere" in said_at_the_door(client, client.get(back))
    assert provider.asked.count("/token") == 1


def test_a_sign_in_that_takes_too_long_is_begun_again(client: Client, provider: IdentityProvider, maya: Person) -> None:
    with time_machine.travel("2026-11-19T10:00:00Z", tick=False) as clock:
        back = way_back(client)
        clock.shift(601)
        assert "took too long" in said_at_the_door(client, client.get(back))


def test_a_code_of_another_sign_in_gives_no_token(client: Client, provider: IdentityProvider, maya: Person) -> None:
    enrol(maya)
    stolen = flat(urlsplit(way_back(Client())).query)["code"]
    state = flat(urlsplit(client.get(BEGIN)["Location"]).query)["state"]
    answer = client.get(BACK, {"code": stolen, "state": state})
    assert "does not answer as it should" in said_at_the_door(client, answer)


@pytest.mark.parametrize("query", [{"error": "access_denied"}, {}, {"code": "x", "error": "server_error"}])
def test_a_sign_in_that_is_broken_off_says_so(
    client: Client, provider: IdentityProvider, query: dict[str, str]
) -> None:
    state = flat(urlsplit(client.get(BEGIN)["Location"]).query)["state"]
    answer = client.get(BACK, {**query, "state": state})
    assert "was broken off" in said_at_the_door(client, answer)


@pytest.mark.parametrize("query", [{}, {"state": ""}, {"state": "\0", "code": "x"}, {"state": "ü" * 200}])
def test_an_answer_that_nobody_asked_for_opens_nothing(
    client: Client, provider: IdentityProvider, query: dict[str, str]
) -> None:
    assert "begun elsewhere" in said_at_the_door(client, client.get(BACK, query))
    client.get(BEGIN)
    assert "begun elsewhere" in said_at_the_door(client, client.get(BACK, query))


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": ""},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_provider_that_says_it_is_somebody_else_is_not_used(
    client: Client, provider: IdentityProvider, lie: dict[str, str]
) -> None:
    provider.told = lie
    assert "does not answer as it should" in said_at_the_door(client, client.get(BEGIN))


def test_s35_no_redirect_of_the_provider_is_followed(client: Client, provider: IdentityProvider, maya: Person) -> None:
    provider.told = {"jwks_uri": f"{provider.address}/moved"}
    assert "does not answer as it should" in said_at_the_door(client, come_in(client))
    assert "/keys" not in provider.asked


def test_a_provider_that_fails_leaves_the_password(
    client: Client, provider: IdentityProvider, settings: Settings
) -> None:
    provider.status = 503
    assert "Sign in with your password." in said_at_the_door(client, client.get(BEGIN))
    cache.clear()
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    assert "Sign in with your password." in said_at_the_door(client, client.get(BEGIN))


def test_s26_the_secret_goes_to_the_provider_only(client: Client, provider: IdentityProvider, maya: Person) -> None:
    location = client.get(BEGIN)["Location"]
    assert CLIENT_SECRET not in location
    come_in(client)
    assert [form["client_secret"] for form in provider.token_forms] == [CLIENT_SECRET]
    assert CLIENT_SECRET not in str(dict(client.session))


def test_what_the_provider_says_is_asked_for_once_in_ten_minutes(
    client: Client, provider: IdentityProvider, maya: Person
) -> None:
    for _ in range(3):
        client.get(BEGIN)
    assert provider.asked == ["/.well-known/openid-configuration"]


def test_the_door_shows_the_button_only_where_there_is_a_provider(
    client: Client, provider: IdentityProvider, settings: Settings
) -> None:
    settings.OIDC_BUTTON = "Sign in with Northwind"
    page = client.get(f"{DOOR}?next=/orders/").content.decode()
    assert '<a class="btn btn-lg" href="/accounts/company/?next=%2Forders%2F">Sign in with Northwind</a>' in page
    settings.OIDC_ISSUER = ""
    assert "/accounts/company/" not in client.get(DOOR).content.decode()
    assert [client.get(path).status_code for path in (BEGIN, BACK)] == [404, 404]


def test_it_is_begun_by_a_link_and_by_nothing_else(client: Client, provider: IdentityProvider) -> None:
    for path in (BEGIN, BACK):
        assert client.post(path).status_code == 405


def test_s8_none_of_the_librarys_own_tables_or_pages_is_there(client: Client, settings: Settings) -> None:
    assert not [app for app in settings.INSTALLED_APPS if "socialaccount" in app]
    for path in ("/accounts/social/", "/accounts/oidc/company/login/", "/accounts/3rdparty/"):
        assert client.get(path).status_code in (302, 404)
