"""The traps of the sign-in library (security.md §2), each with the proof that we are not in it (S8, S19, S20)."""

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa import app_settings as library
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.internal.flows import trust
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.cache.backends.db import DatabaseCache
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from tests.accounts.test_s19_signing_in import FACTOR, PASSWORD, give_password
from tests.factors import code_of, enrol, with_code, wrong_code_of

pytestmark = pytest.mark.usefixtures("db")

RECOVERY = "/accounts/factors/recovery-codes/"


def test_s20_a_password_is_no_reauthentication(client: Client, maya: Person) -> None:
    enrol(maya)
    client.force_login(maya)
    assert client.post(RECOVERY, {"password": PASSWORD}).status_code == 422
    with pytest.raises(NoReverseMatch):
        reverse("account_reauthenticate")


def test_s20_a_sign_in_moments_ago_is_no_step_up(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    assert client.post(FACTOR, {"code": code_of(maya)}).status_code == 302
    assert client.post(RECOVERY, {"code": ""}).status_code == 422


def test_s19_a_session_the_library_calls_proven_opens_nothing(client: Client, maya: Person) -> None:
    enrol(maya)
    client.force_login(maya)
    session = client.session
    for mark in ("factor_shown_at", "factor_shown_by"):
        del session[mark]
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": 9e9}]
    session["_account_authentication_methods_user"] = str(maya.pk)
    session.save()
    assert client.get("/orders/")["Location"].startswith(FACTOR)


def test_s19_company_sign_in_without_factor_passes_no_check(client: Client, maya: Person) -> None:
    enrol(maya)
    request = RequestFactory().get("/")
    request.user, request.session = maya, client.session
    record_authentication(request, maya, "socialaccount", provider="company", uid="1")
    assert get_adapter().get_login_stages() == ["backoffice.accounts.factors.door.FactorStage"]
    assert client.get("/orders/")["Location"].startswith("/accounts/login/")


def test_s20_no_post_is_kept_and_replayed_after_a_factor_was_shown(client: Client, maya: Person) -> None:
    enrol(maya)
    client.force_login(maya)
    client.post(RECOVERY, {"code": ""})
    assert not [key for key in client.session.keys() if "reauth" in key or "suspend" in key]  # noqa: SIM118 - no dict


def test_s19_seeds_are_sealed_by_the_adapter_the_library_asks(maya: Person) -> None:
    sealed = get_factor_adapter().encrypt("a seed")
    assert "a seed" not in sealed
    assert get_factor_adapter().encrypt("a seed") != sealed
    assert get_factor_adapter().decrypt(sealed) == "a seed"
    enrol(maya)
    authenticator = Authenticator.objects.get(user=maya)
    assert authenticator.wrap().validate_code(code_of(maya))


def test_s18_limits_are_counted_in_the_database() -> None:
    assert isinstance(cache._connections[cache._alias], DatabaseCache)  # type: ignore[attr-defined]


def test_s18_another_port_in_the_host_begins_no_new_count_of_guesses(client: Client, maya: Person) -> None:
    """The library counts for each host a browser names, and a browser names any port: 65,535 times ten guesses."""
    for port in range(1, 11):
        guess = {"login": maya.email, "password": f"guess {port}"}
        assert client.post("/accounts/login/", guess, HTTP_HOST=f"testserver:{port}").status_code == 422
    right = {"login": maya.email, "password": "correct horse battery"}
    answer = client.post("/accounts/login/", right, HTTP_HOST="testserver:99", REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == 422
    assert "Too many tries" in answer.content.decode()


def test_s19_a_remembered_device_is_asked_like_any_other(client: Client, maya: Person, settings: Settings) -> None:
    enrol(maya)
    assert library.TRUST_ENABLED is False
    request, answer = RequestFactory().get("/"), HttpResponse()
    trust.trust_browser(request, maya, answer)
    client.cookies["mfa_trusted"] = answer.cookies["mfa_trusted"].value
    settings.MFA_TRUST_ENABLED = True  # even then: our stage does not look
    assert give_password(client, maya) == FACTOR


@pytest.mark.parametrize(
    "name",
    ["mfa_index", "mfa_authenticate", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_trust"]
    + ["mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_list_webauthn"]
    + [
        "mfa_add_webauthn",
        "mfa_login_webauthn",
        "mfa_remove_webauthn",
        "mfa_edit_webauthn",
        "mfa_reauthenticate_webauthn",
    ],
)
def test_s8_no_page_of_the_librarys_factors_has_an_address(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_s19_the_library_takes_a_code_again_where_we_do_not(client: Client, maya: Person) -> None:
    """Its mark lasts 30 seconds, a code is taken for 90: ours lasts as long as the code."""
    enrol(maya)
    client.force_login(maya)
    used = with_code(maya)
    assert client.post(RECOVERY, used).status_code == 200
    cache.clear()
    assert client.post(RECOVERY, used).status_code == 422


def test_s15_htmx_is_sent_to_show_a_factor_as_a_page_and_not_in_a_table_cell(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    answer = client.get("/orders/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"].startswith("/accounts/login/")


def test_s19_no_code_opens_everything(client: Client, maya: Person, settings: Settings) -> None:
    settings.MFA_TOTP_INSECURE_BYPASS_CODE = bypass = wrong_code_of(maya)
    client.force_login(maya)
    assert client.post(RECOVERY, {"code": bypass}).status_code == 422
