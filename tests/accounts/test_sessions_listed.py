"""Sessions seen and ended: by their owner, by an administrator, because the account changed (S2, S7, S22)."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.test import Client, RequestFactory

from backoffice.accounts.browsers import in_words
from backoffice.accounts.models import Person, Session
from backoffice.accounts.policies import Refused
from backoffice.accounts.sessions import Ending, begin
from backoffice.accounts.sessions_ending import SessionOver, end_because, end_session, end_sessions, sessions_of
from backoffice.audit.models import Entry

pytestmark = pytest.mark.usefixtures("db")

PAGE = "/accounts/settings/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


def browser_of(person: Person, user_agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    """Sign a person in with a browser of its own."""
    client = Client()
    client.force_login(person)
    request = RequestFactory(headers={"User-Agent": user_agent}, REMOTE_ADDR=address).get("/")
    request.session = session = client.session
    begin(request, person)
    session.save()
    return client


def row_of(browser: Client) -> Session:
    row: Session = Session.objects.get(pk=browser.session.session_key)
    return row


def is_signed_in(browser: Client) -> bool:
    return browser.get(PAGE).status_code == 200


def newest() -> Entry:
    return Entry.objects.latest("number")


def test_s22_a_person_sees_their_sessions_in_plain_words(maya: Person) -> None:
    here = browser_of(maya)
    browser_of(maya, SAFARI, "198.51.100.9")
    page = here.get(PAGE).content.decode()
    assert "Firefox on Windows" in page
    assert "Safari on iPhone" in page
    assert "192.0.2.7" in page
    assert "198.51.100.9" in page
    assert page.count("This one") == 1
    assert page.index("Firefox on Windows") < page.index("Safari on iPhone")


def test_s22_there_is_nothing_to_end_where_this_is_the_only_one(maya: Person) -> None:
    page = browser_of(maya).get(PAGE).content.decode()
    assert "End all others" not in page
    assert "/accounts/sessions/end/" not in page


def test_s22_no_page_shows_the_key_of_a_session(maya: Person) -> None:
    here, other = browser_of(maya), browser_of(maya)
    page = here.get(PAGE).content.decode()
    assert row_of(other).public_id in page
    for browser in (here, other):
        assert str(browser.session.session_key) not in page


def test_s22_a_person_ends_one_session_at_once(maya: Person) -> None:
    here, there = browser_of(maya), browser_of(maya, SAFARI)
    here.post("/accounts/sessions/end/", {"session": row_of(there).public_id})
    assert not is_signed_in(there)
    assert is_signed_in(here)
    entry = Entry.objects.get(event="person.sessions_ended")
    assert (entry.person, entry.object_id) == (maya, str(maya.pk))
    assert entry.after == {"why": "by the person", "sessions": ["Safari on iPhone, 192.0.2.7"]}


def test_s22_a_person_ends_all_others(maya: Person, omar: Person) -> None:
    here, others, foreign = browser_of(maya), [browser_of(maya), browser_of(maya)], browser_of(omar)
    answer = here.post("/accounts/sessions/end-others/", follow=True)
    assert "2 other sessions were ended." in answer.content.decode()
    assert [is_signed_in(browser) for browser in others] == [False, False]
    assert is_signed_in(here)
    assert is_signed_in(foreign)


def test_s22_the_ended_browser_hears_why_once(maya: Person) -> None:
    here, there = browser_of(maya), browser_of(maya)
    here.post("/accounts/sessions/end-others/")
    assert "ended from another one of yours" in there.get(PAGE, follow=True).content.decode()
    assert "ended from another one of yours" not in there.get(PAGE, follow=True).content.decode()


def test_s2_the_session_of_another_person_is_not_found(maya: Person, adam: Person) -> None:
    there = browser_of(maya)
    answer = browser_of(adam).post("/accounts/sessions/end/", {"session": row_of(there).public_id}, follow=True)
    assert "That session has ended already." in answer.content.decode()
    assert is_signed_in(there)


@pytest.mark.parametrize("name", ["", "x", "\0", "0" * 32, "a" * 100_000])
def test_s2_a_made_up_session_is_said_to_be_over(client: Client, maya: Person, name: str) -> None:
    client.force_login(maya)
    answer = client.post("/accounts/sessions/end/", {"session": name}, follow=True)
    assert "That session has ended already." in answer.content.decode()


def test_s22_an_administrator_ends_the_session_of_another_and_says_why(maya: Person, adam: Person) -> None:
    there, other = browser_of(maya, SAFARI), browser_of(maya)
    end_session(public_id=row_of(there).public_id, of=maya, by=adam, reason="Telephone lost")
    assert not is_signed_in(there)
    assert is_signed_in(other)
    entry = Entry.objects.get(event="person.sessions_ended")
    assert (entry.person, entry.object_id, entry.reason) == (adam, str(maya.pk), "Telephone lost")
    assert "signed out by an administrator" in there.get("/accounts/login/").content.decode()


def test_s22_an_administrator_ends_all_sessions_of_another(maya: Person, adam: Person) -> None:
    browsers = [browser_of(maya), browser_of(maya)]
    assert end_sessions(maya, adam, "Left the company") == 2
    assert [is_signed_in(browser) for browser in browsers] == [False, False]
    assert not sessions_of(maya)


def test_s22_nobody_else_ends_the_session_of_another(maya: Person, omar: Person, vera: Person) -> None:
    there = browser_of(maya)
    for someone in (omar, vera):
        with pytest.raises(Refused):
            end_sessions(maya, someone, "")
        with pytest.raises(Refused):
            end_session(public_id=row_of(there).public_id, of=maya, by=someone)
    assert is_signed_in(there)


def test_s22_a_session_ends_once(maya: Person) -> None:
    there = browser_of(maya)
    name = row_of(there).public_id
    end_session(public_id=name, of=maya, by=maya)
    with pytest.raises(SessionOver):
        end_session(public_id=name, of=maya, by=maya)
    assert Entry.objects.filter(event="person.sessions_ended").count() == 1


def test_s22_a_request_under_way_cannot_bring_an_ended_session_back(maya: Person) -> None:
    there = browser_of(maya)
    session = there.session
    session["seen_at"] = 1  # a request has read it and is about to write it
    end_sessions(maya, maya)
    with pytest.raises(UpdateError):
        session.save()
    assert not Session.objects.filter(person=maya).exists()


def test_s7_a_change_of_the_account_ends_every_session_but_the_one_it_is_made_in(maya: Person, adam: Person) -> None:
    here, there = browser_of(maya), browser_of(maya)
    assert end_because(Ending.PASSWORD, maya, maya, but=here.session.session_key) == 1
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert end_because(Ending.CLOSED, maya, adam, "Left") == 1
    assert not is_signed_in(here)
    assert newest().event == "person.sessions_ended"


def test_s7_where_there_is_no_session_none_is_said_to_have_ended(maya: Person, adam: Person) -> None:
    assert end_because(Ending.CLOSED, maya, adam) == 0
    assert not Entry.objects.filter(event="person.sessions_ended").exists()


def test_s22_what_ran_out_is_not_listed(maya: Person) -> None:
    with time_machine.travel("2026-11-19T08:00:00Z", tick=False) as clock:
        browser_of(maya)
        clock.shift(timedelta(minutes=14))
        assert sessions_of(maya).count() == 1
        clock.shift(timedelta(minutes=1))
        assert sessions_of(maya).count() == 0


def test_s22_a_new_key_keeps_what_is_known_of_the_session(maya: Person) -> None:
    here = browser_of(maya)
    before, session = row_of(here), here.session
    session.cycle_key()
    session.save()
    after = Session.objects.get(pk=session.session_key)
    assert after.pk != before.pk
    assert (after.person, after.browser, after.address) == (maya, FIREFOX, "192.0.2.7")
    assert after.began_at == before.began_at
    assert not Session.objects.filter(pk=before.pk).exists()


def test_s22_a_session_that_gets_a_new_key_can_be_ended_at_every_moment(maya: Person) -> None:
    """Its request may go on for as long as a partner takes; all that time it is in its person's list."""
    session = browser_of(maya).session
    session.cycle_key()
    assert end_sessions(maya, maya) == 1
    with pytest.raises(UpdateError):
        session.save()
    assert not Session.objects.filter(person=maya).exists()


def test_s22_a_new_key_brings_no_ended_session_back(maya: Person) -> None:
    session = browser_of(maya).session
    assert session.get(SESSION_KEY) == str(maya.pk)  # a request has read it
    end_sessions(maya, maya)
    with pytest.raises(SessionInterrupted):
        session.cycle_key()
    assert not Session.objects.exists()


def test_s22_strangers_have_no_listed_session(client: Client) -> None:
    client.get("/accounts/login/")
    assert not Session.objects.exclude(person=None).exists()
    assert SESSION_KEY not in client.session


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18.0 Safari/605.1", "Safari on Mac"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.9", "A browser that does not say which"),
        ("", "A browser that does not say which"),
        ("<script>alert(1)</script>", "A browser that does not say which"),
    ],
)
def test_a_browser_is_said_in_plain_words(user_agent: str, words: str) -> None:
    assert in_words(user_agent) == words


def test_s12_what_a_browser_says_of_itself_reaches_no_page(maya: Person) -> None:
    here = browser_of(maya, "<b>Firefox/1</b> \u202e Windows " + "x" * 5_000)
    page = here.get(PAGE).content.decode()
    assert "Firefox on Windows" in page
    assert not re.search(r"<b>|\u202e|xxxx", page)
