"""A person's own factors change with a factor in hand, there and then, and each change is told and written down."""

import pytest
from django.core import mail as outbox
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from backoffice.accounts import mail, step_up
from backoffice.accounts.factors import codes, seals, services
from backoffice.accounts.factors.checking import check_code
from backoffice.accounts.factors.held import has_factor, unused_recovery_codes
from backoffice.accounts.models import CodeGuard, Person
from backoffice.audit.models import Entry
from backoffice.database import clock
from tests.factors import code_of, enrol, with_code, wrong_code_of

pytestmark = pytest.mark.usefixtures("db")

REPLACE = "/accounts/factors/authenticator/"
RECOVERY = "/accounts/factors/recovery-codes/"


@pytest.fixture
def hers(client: Client, maya: Person) -> Client:
    """A browser in which Maya is signed in, with an authenticator."""
    enrol(maya)
    client.force_login(maya)
    return client


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Who is told what by e-mail."""
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(
        mail, "tell", lambda person, letter, said: sent.append((person.email, f"{letter} {said['what']}"))
    )
    return sent


def page_of(client: Client) -> tuple[str, str]:
    answer = client.get(REPLACE)
    secret = answer.context["secret"].replace(" ", "")
    return answer.context["seed"], codes.lasting_code(secret, clock.now())


def secret_of(person: Person) -> str:
    authenticator = codes.authenticator_of(person)
    assert authenticator is not None
    return codes.secret_of(authenticator)


def test_s20_a_new_authenticator_takes_the_place_of_the_former(
    hers: Client, maya: Person, told: list[tuple[str, str]]
) -> None:
    former = secret_of(maya)
    seed, new_code = page_of(hers)
    answer = hers.post(REPLACE, with_code(maya, seed=seed, new_code=new_code))
    assert answer["Location"] == "/accounts/factors/"
    assert secret_of(maya) != former
    assert Entry.objects.latest("number").event == "factor.added"
    assert told == [("maya@example.com", "factor_changed authenticator")]


@pytest.mark.parametrize("factor", [{}, {"code": "wrong"}, {"code": "000000x"}, {"password": "correct horse battery"}])
def test_s20_without_a_factor_the_authenticator_stays(hers: Client, maya: Person, factor: dict[str, str]) -> None:
    former = secret_of(maya)
    seed, new_code = page_of(hers)
    assert hers.post(REPLACE, {"seed": seed, "new_code": new_code, **factor}).status_code == 422
    given = {"seed": seed, "new_code": new_code, "code": wrong_code_of(maya)}
    assert hers.post(REPLACE, given).status_code == 422
    assert secret_of(maya) == former


def test_s20_a_typing_mistake_in_the_new_code_burns_no_code_of_the_old_one(hers: Client, maya: Person) -> None:
    code = code_of(maya)
    seed, new_code = page_of(hers)
    answer = hers.post(REPLACE, {"seed": seed, "new_code": "000000", "code": code})
    assert answer.status_code == 422
    assert hers.post(REPLACE, {"seed": seed, "new_code": new_code, "code": code}).status_code == 302


def test_s20_the_code_that_confirmed_the_new_authenticator_is_used_up(hers: Client, maya: Person) -> None:
    seed, new_code = page_of(hers)
    hers.post(REPLACE, with_code(maya, seed=seed, new_code=new_code))
    assert hers.post(RECOVERY, {"code": new_code}).status_code == 422


def test_s19_a_lost_phone_is_replaced_with_a_recovery_code(hers: Client, maya: Person) -> None:
    recovery_code = services.make_recovery_codes(by=maya)[0]
    former = secret_of(maya)
    seed, new_code = page_of(hers)
    assert hers.post(REPLACE, {"seed": seed, "new_code": new_code, "code": recovery_code}).status_code == 302
    assert secret_of(maya) != former


def test_s20_new_recovery_codes_take_a_factor_and_are_shown_once(
    hers: Client, maya: Person, told: list[tuple[str, str]]
) -> None:
    assert hers.post(RECOVERY, {"code": wrong_code_of(maya)}).status_code == 422
    answer = hers.post(RECOVERY, with_code(maya))
    made = answer.context["codes"]
    assert all(code in answer.content.decode() for code in made)
    assert not [code for code in made if code in hers.get("/accounts/factors/").content.decode()]
    assert unused_recovery_codes(maya) == 10
    assert Entry.objects.latest("number").event == "recovery.made"
    assert not [code for code in made if code in str(list(Entry.objects.values()))]
    assert told == [("maya@example.com", "factor_changed recovery")]


def test_s22_a_factor_shown_gives_the_session_a_new_key(hers: Client, maya: Person) -> None:
    before = hers.session.session_key
    hers.post(RECOVERY, with_code(maya))
    after = hers.session.session_key
    assert after != before
    assert hers.get("/accounts/factors/").status_code == 200
    hers.cookies["backoffice_session"] = before or ""
    assert hers.get("/accounts/factors/")["Location"].startswith("/accounts/login/")


def test_s22_a_request_under_way_with_the_former_key_ends_nobodys_session(hers: Client, maya: Person) -> None:
    before = hers.session.session_key or ""
    hers.post(RECOVERY, with_code(maya))
    late = Client()
    late.cookies["backoffice_session"] = before
    answer = late.get("/accounts/factors/", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert "HX-Redirect" not in answer
    assert "backoffice_session" not in answer.cookies


def test_s22_a_key_nobody_had_is_still_dropped(client: Client, db: None) -> None:
    client.cookies["backoffice_session"] = "a" * 32
    answer = client.get("/accounts/factors/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.cookies["backoffice_session"].value == ""


def test_a_reset_takes_everything_and_enrolling_begins_again(hers: Client, maya: Person) -> None:
    services.make_recovery_codes(by=maya)
    services.forget_factors(maya)
    assert not has_factor(maya)
    assert unused_recovery_codes(maya) == 0
    assert CodeGuard.objects.get(person=maya).failed_at == []


SAID = {
    "authenticator": "a new authenticator",
    "passkey": "was added",
    "removed": "was removed",
    "recovery": "new recovery codes",
    "recovery code used": "was used, and no longer works",
    "blocked": "ten wrong codes",
}


@pytest.mark.parametrize("what", SAID)
def test_the_letter_about_a_factor_says_what_changed(maya: Person, what: str, settings: Settings) -> None:
    mail.written(maya, mail.Letter.FACTOR_CHANGED, {"what": what}).send()
    letter = outbox.outbox[-1]
    assert SAID[what] in letter.body
    assert "Was it not you?" in letter.body


def test_s27_seeds_stay_readable_while_the_key_is_changed(maya: Person, settings: Settings) -> None:
    former, sealed = settings.SECRET_KEY, seals.seal("the secret")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key that nobody knows", [former]
    assert seals.unseal(sealed) == "the secret"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FALLBACKS"):
        seals.unseal(sealed)


def test_s27_a_seed_used_under_a_new_key_needs_the_former_one_no_longer(
    hers: Client, maya: Person, settings: Settings
) -> None:
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key that nobody knows", [former]
    check_code(maya, code_of(maya), is_signed_in=True)
    settings.SECRET_KEY_FALLBACKS = []
    assert secret_of(maya)


def test_s18_who_has_to_wait_and_whose_recovery_code_was_used_is_told(
    hers: Client, maya: Person, told: list[tuple[str, str]]
) -> None:
    seed, new_code = page_of(hers)
    recovery_code = services.make_recovery_codes(by=maya)[0]
    hers.post(REPLACE, {"seed": seed, "new_code": new_code, "code": recovery_code})
    for _ in range(10):
        hers.post(RECOVERY, {"code": wrong_code_of(maya)})
    assert [letter for _person, letter in told] == [
        "factor_changed recovery",
        "factor_changed recovery code used",
        "factor_changed authenticator",
        "factor_changed blocked",
    ]


def test_s20_a_recovery_code_proves_no_decision(maya: Person) -> None:
    form = step_up.OwnFactorsForm({"code": "2222-3333-4444-5555"})
    assert form.is_valid()
    with pytest.raises(ValueError, match="A recovery code proves nothing"):
        step_up.prove(RequestFactory().post("/"), form, "a" * 64)


def test_s20_a_form_that_decides_takes_no_recovery_code() -> None:
    assert not step_up.FactorForm({"code": "2222-3333-4444-5555"}).is_valid()
