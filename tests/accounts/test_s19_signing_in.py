"""Signing in takes password and second factor, whoever it is, and there is no path around it (S18, S19, S22)."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from backoffice.accounts.factors import checking, codes, recovery, services
from backoffice.accounts.models import Person, RecoveryCode
from backoffice.audit.models import Entry
from backoffice.database import clock
from tests.factors import code_of, enrol, without_factor, wrong_code_of

pytestmark = pytest.mark.usefixtures("db")

PASSWORD = "correct horse battery"
FACTOR = "/accounts/factor/"


def give_password(client: Client, person: Person, **extra: str) -> str:
    """Give the right password and return where it leads."""
    answer = client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD, **extra})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def give_code(client: Client, code: str) -> int:
    return client.post(FACTOR, {"code": code}).status_code


def is_in(client: Client) -> bool:
    return client.get("/accounts/settings/").status_code == 200


def events() -> list[str]:
    return list(Entry.objects.order_by("number").values_list("event", flat=True))


def test_s19_password_and_code_let_in(client: Client, maya: Person) -> None:
    enrol(maya)
    assert give_password(client, maya, next="/orders/") == FACTOR
    answer = client.post(FACTOR, {"code": code_of(maya)})
    assert (answer.status_code, answer["Location"]) == (302, "/orders/")
    assert is_in(client)
    assert events() == ["person.signed_in"]


def test_s19_the_password_alone_opens_nothing(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    assert SESSION_KEY not in client.session
    for path in ("/", "/accounts/settings/", "/accounts/factors/", "/accounts/enrol/"):
        assert client.get(path)["Location"].startswith("/accounts/login/")
    assert "person.signed_in" not in events()


@pytest.mark.parametrize("role", ["finance", "manager", "auditor", "administrator"])
def test_s19_every_role_is_asked(client: Client, db: None, role: str) -> None:
    person = Person.objects.create_person(email="someone@example.com", name="Some One", role=role, password=PASSWORD)
    enrol(person)
    assert give_password(client, person) == FACTOR


def test_s22_the_session_begins_with_a_new_key(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    at_the_door = client.session.session_key
    give_code(client, code_of(maya))
    assert client.session.session_key != at_the_door


def test_s19_the_page_says_who_signs_in_and_offers_what_the_person_has(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    page = client.get(FACTOR).content.decode()
    assert "Signing in as maya@example.com." in page
    assert "Use a passkey" not in page
    assert "Use a recovery code" not in page


def test_s18_a_wrong_code_is_refused_and_written_down(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    answer = client.post(FACTOR, {"code": wrong_code_of(maya)})
    assert answer.status_code == 422
    assert "9 tries left, then 30 minutes&#x27; wait." in answer.content.decode()
    entry = Entry.objects.latest("number")
    assert (entry.event, entry.who, entry.object_id, entry.result) == (
        "factor.failed",
        "Sign-in page",
        str(maya.pk),
        "refused",
    )
    assert not is_in(client)


def test_s18_the_wait_holds_at_the_door_and_in_another_browser(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    for _ in range(checking.MOST_FAILURES):
        give_code(client, wrong_code_of(maya))
    other = Client()
    give_password(other, maya)
    answer = other.post(FACTOR, {"code": code_of(maya)})
    assert answer.status_code == 422
    assert "Too many wrong codes. Wait 30 minutes" in answer.content.decode()
    assert events()[-1] == "factor.blocked"


def test_s18_nobody_locks_everybody_out(client: Client, maya: Person, omar: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    for _ in range(35):
        give_code(client, wrong_code_of(maya))
    other = Client()
    enrol(omar)
    give_password(other, omar)
    assert give_code(other, code_of(omar)) == 302


def test_s18_an_address_that_guesses_for_many_people_waits(client: Client, db: None) -> None:
    people = [
        Person.objects.create_person(email=f"p{n}@example.com", name=f"P {n}", role="finance", password=PASSWORD)
        for n in range(4)
    ]
    for person in people[:3]:
        enrol(person)
        browser = Client()
        give_password(browser, person)
        for _ in range(checking.MOST_FAILURES):
            give_code(browser, wrong_code_of(person))
    enrol(people[3])
    give_password(client, people[3])
    answer = client.post(FACTOR, {"code": code_of(people[3])})
    assert "Too many wrong codes from your network." in answer.content.decode()


def test_s19_a_code_used_at_the_door_is_used_everywhere(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    code = code_of(maya)
    assert give_code(client, code) == 302
    other = Client()
    give_password(other, maya)
    answer = other.post(FACTOR, {"code": code})
    assert answer.status_code == 422
    assert "used already" in answer.content.decode()


def test_s19_a_sign_in_that_waits_ends_with_the_account(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    Person.objects.update(is_active=False)
    assert client.post(FACTOR, {"code": code_of(maya)})["Location"] == "/accounts/login/"


def test_s19_a_sign_in_that_waits_ends_with_a_new_password(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    maya.set_password("another horse battery")
    maya.save()
    assert client.post(FACTOR, {"code": code_of(maya)})["Location"] == "/accounts/login/"
    assert SESSION_KEY not in client.session


def test_s19_a_sign_in_does_not_wait_for_ever(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert client.post(FACTOR, {"code": code_of(maya)})["Location"] == "/accounts/login/"


def test_s19_whoever_is_not_you_begins_again(client: Client, maya: Person, omar: Person) -> None:
    enrol(maya)
    enrol(omar)
    give_password(client, maya)
    assert client.get("/accounts/login/").status_code == 200
    give_password(client, omar)
    assert give_code(client, code_of(maya)) == 422
    assert give_code(client, code_of(omar)) == 302
    assert client.session[SESSION_KEY] == str(omar.pk)


def test_s19_the_page_is_closed_to_strangers(client: Client, db: None) -> None:
    assert client.get(FACTOR)["Location"] == "/accounts/login/"
    assert client.post(FACTOR, {"code": "123456"})["Location"] == "/accounts/login/"
    assert client.get("/accounts/factor/demo/").status_code == 404
    assert client.post("/accounts/factor/passkey/", {"address": FACTOR}).status_code == 404


# -- Recovery codes ---


def recovery_codes_of(person: Person) -> list[str]:
    enrol(person)
    return services.make_recovery_codes(by=person)


def give_recovery_code(client: Client, code: str) -> int:
    return client.post(f"{FACTOR}?recovery", {"code": code}).status_code


@pytest.mark.parametrize(
    "typed", [str, str.upper, lambda code: code.replace("-", " "), lambda code: code.replace("-", "")]
)
def test_s19_a_recovery_code_lets_in_however_it_is_typed(client: Client, maya: Person, typed: object) -> None:
    code = recovery_codes_of(maya)[3]
    give_password(client, maya)
    assert give_recovery_code(client, typed(code)) == 302  # type: ignore[operator]
    assert is_in(client)
    assert "recovery.used" in events()
    assert Entry.objects.get(event="recovery.used").after == {"left": 9}


def test_s19_a_recovery_code_is_good_once(client: Client, maya: Person) -> None:
    code = recovery_codes_of(maya)[0]
    give_password(client, maya)
    assert give_recovery_code(client, code) == 302
    other = Client()
    give_password(other, maya)
    assert give_recovery_code(other, code) == 422


def test_s19_recovery_codes_are_random_and_kept_as_digests(maya: Person) -> None:
    made = recovery_codes_of(maya)
    assert len(set(made)) == recovery.HOW_MANY
    kept = str(list(RecoveryCode.objects.values()))
    for code in made:
        secret = recovery.normalised(code)[recovery.GROUP :]
        assert secret not in kept
        assert secret[:8] not in kept
    assert all(row.digest.startswith("argon2$argon2id$") for row in RecoveryCode.objects.all())


def test_s19_new_recovery_codes_make_the_former_ones_void(client: Client, maya: Person) -> None:
    former = recovery_codes_of(maya)[0]
    services.make_recovery_codes(by=maya)
    give_password(client, maya)
    assert give_recovery_code(client, former) == 422


def test_s19_the_recovery_code_of_somebody_else_is_wrong(client: Client, maya: Person, omar: Person) -> None:
    theirs = recovery_codes_of(omar)[0]
    recovery_codes_of(maya)
    give_password(client, maya)
    assert give_recovery_code(client, theirs) == 422


def test_s18_wrong_recovery_codes_count_as_wrong_codes(client: Client, maya: Person) -> None:
    code = recovery_codes_of(maya)[0]
    give_password(client, maya)
    for _ in range(checking.MOST_FAILURES):
        give_recovery_code(client, "2222-3333-4444-5555")
    assert give_recovery_code(client, code) == 422
    assert give_code(client, code_of(maya)) == 422


# -- Enrolling, and the gate ---


def enrolment_page(client: Client) -> tuple[str, str]:
    """Return what the page of enrolment carries: the sealed offer, and the secret shown."""
    answer = client.get("/accounts/enrol/")
    return answer.context["seed"], answer.context["secret"].replace(" ", "")


def code_for(secret: str) -> str:
    return codes.lasting_code(secret, clock.now())


def test_s19_who_has_no_factor_enrols_before_anything_else(client: Client, maya: Person) -> None:
    assert give_password(client, maya, next="/orders/") == "/orders/"
    assert client.get("/orders/")["Location"] == "/accounts/enrol/?next=%2Forders%2F"
    seed, secret = enrolment_page(client)
    before = client.session.session_key
    answer = client.post("/accounts/enrol/", {"seed": seed, "new_code": code_for(secret), "next": "/orders/"})
    assert answer.status_code == 200
    assert len(answer.context["codes"]) == recovery.HOW_MANY
    assert 'href="/orders/"' in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert client.session.session_key != before
    assert client.get("/orders/").status_code == 200
    assert events()[-1] == "factor.enrolled"


def test_s19_recovery_codes_are_in_no_table_in_clear(client: Client, maya: Person) -> None:
    give_password(client, maya)
    seed, secret = enrolment_page(client)
    answer = client.post("/accounts/enrol/", {"seed": seed, "new_code": code_for(secret)})
    kept = str(dict(client.session)) + str(list(RecoveryCode.objects.values())) + str(list(Entry.objects.values()))
    kept += str(list(Authenticator.objects.values()))
    assert not [code for code in answer.context["codes"] if code in kept]
    assert secret not in kept


def test_s19_a_wrong_first_code_enrols_nothing_and_keeps_the_secret(client: Client, maya: Person) -> None:
    give_password(client, maya)
    seed, secret = enrolment_page(client)
    answer = client.post("/accounts/enrol/", {"seed": seed, "new_code": "000000"})
    assert answer.status_code == 422
    assert answer.context["secret"].replace(" ", "") == secret
    assert not Authenticator.objects.exists()
    assert client.get("/orders/").status_code == 302


@pytest.mark.parametrize("seed", ["", "x", "gAAAAAB"])
def test_s19_a_made_up_secret_is_refused(client: Client, maya: Person, seed: str) -> None:
    give_password(client, maya)
    answer = client.post("/accounts/enrol/", {"seed": seed, "new_code": "123456"})
    assert answer.status_code == 422
    assert not Authenticator.objects.exists()


def test_s19_the_secret_of_another_persons_page_is_refused(client: Client, maya: Person, omar: Person) -> None:
    other = Client()
    give_password(other, omar)
    seed, secret = enrolment_page(other)
    give_password(client, maya)
    assert client.post("/accounts/enrol/", {"seed": seed, "new_code": code_for(secret)}).status_code == 422


def test_s19_whoever_has_a_factor_cannot_enrol_another_without_showing_it(client: Client, maya: Person) -> None:
    without_factor(client, maya)
    seed, secret = enrolment_page(client)
    enrol(maya)
    answer = client.post("/accounts/enrol/", {"seed": seed, "new_code": code_for(secret)})
    assert answer["Location"] == FACTOR
    assert client.post("/accounts/enrol/passkey/options/").status_code == 403
    assert client.get("/orders/")["Location"] == "/accounts/factor/?next=%2Forders%2F"
    assert Authenticator.objects.count() == 1


def test_s19_a_session_without_factor_can_show_it_and_gets_a_new_key(client: Client, maya: Person) -> None:
    enrol(maya)
    without_factor(client, maya)
    before = client.session.session_key
    answer = client.post(FACTOR, {"code": code_of(maya), "next": "/orders/"})
    assert answer["Location"] == "/orders/"
    assert client.session.session_key != before
    assert is_in(client)


@pytest.mark.parametrize(
    "address", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_s14_showing_a_factor_never_leads_off_the_site(client: Client, maya: Person, address: str) -> None:
    enrol(maya)
    without_factor(client, maya)
    assert client.post(FACTOR, {"code": code_of(maya), "next": address})["Location"] == "/"


def test_s19_htmx_is_sent_to_enrol_as_a_page(client: Client, maya: Person) -> None:
    without_factor(client, maya)
    answer = client.get("/orders/", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == "/accounts/enrol/?next=%2Forders%2F"


def test_s19_a_post_without_factor_is_neither_done_nor_kept_for_later(client: Client, maya: Person) -> None:
    enrol(maya)
    without_factor(client, maya)
    answer = client.post("/accounts/settings/", {"time_zone": "Europe/Paris"})
    assert answer["Location"] == "/accounts/factor/?next=%2F"
    client.post(FACTOR, {"code": code_of(maya), "next": "/"})
    maya.refresh_from_db()
    assert maya.time_zone == "Asia/Bahrain"


def test_s19_without_factor_one_can_sign_out_and_health_answers(client: Client, maya: Person) -> None:
    without_factor(client, maya)
    assert client.get("/healthz").status_code == 200
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert SESSION_KEY not in client.session


def test_s19_the_mark_of_a_session_is_its_persons_own(client: Client, maya: Person, omar: Person) -> None:
    client.force_login(omar)
    session = client.session
    session[SESSION_KEY] = str(maya.pk)
    session["_auth_user_hash"] = maya.get_session_auth_hash()
    session["role"] = maya.role
    session.save()
    assert client.get("/orders/")["Location"].startswith("/accounts/enrol/")


# -- The demo ---


def test_the_demo_shows_the_code_to_its_own_machine(client: Client, maya: Person) -> None:
    enrol(maya)
    give_password(client, maya)
    for page in (FACTOR, "/accounts/factor/demo/"):
        assert code_of(maya) in client.get(page).content.decode()


@pytest.mark.parametrize(
    "elsewhere",
    [{"REMOTE_ADDR": "203.0.113.9"}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}],
    ids=["another machine", "a proxy"],
)
def test_s19_the_demo_shows_no_code_to_anybody_else(client: Client, maya: Person, elsewhere: dict[str, str]) -> None:
    enrol(maya)
    give_password(client, maya)
    assert "data-demo-code" not in client.get(FACTOR, **elsewhere).content.decode()  # type: ignore[arg-type]
    assert client.get("/accounts/factor/demo/", **elsewhere).status_code == 404  # type: ignore[arg-type]


def test_s19_no_code_is_shown_outside_the_demo(client: Client, maya: Person, settings: Settings) -> None:
    settings.DEMO = False
    enrol(maya)
    give_password(client, maya)
    assert "data-demo-code" not in client.get(FACTOR).content.decode()
    assert client.get("/accounts/factor/demo/").status_code == 404
    client.force_login(maya)
    assert client.get("/accounts/factor/demo/").status_code == 404
    assert "data-demo-new-code" not in client.get("/accounts/factors/authenticator/").content.decode()
