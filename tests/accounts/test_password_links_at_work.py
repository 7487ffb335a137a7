"""Links with real commits: two at the same time, and a worker that writes the mail (S18)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core import mail as outbox
from django.db import connection
from django.test import Client
from procrastinate.contrib.django import app

from backoffice.accounts import mail
from backoffice.accounts.models import Person, Role
from backoffice.accounts.passwords import reset_link
from backoffice.accounts.passwords.links import LinkOver, read_link
from backoffice.accounts.passwords.services import set_password_by_link
from backoffice.audit.models import Entry
from tests.accounts.post import link_in

pytestmark = pytest.mark.usefixtures("committed")

FORGOTTEN = "/accounts/password/forgotten/"
NEW = "tulip marble kettle"


@pytest.fixture
def rana() -> Person:
    """Has forgotten her password."""
    return Person.objects.create_person(
        email="rana@example.com", name="Rana Aziz", role=Role.FINANCE, password="correct horse battery"
    )


def test_s18_of_two_who_use_a_link_at_the_same_time_one_comes_too_late(rana: Person) -> None:
    link, start = read_link(reset_link(rana).rstrip("/").rsplit("/", 1)[1]), Barrier(2)

    def use(password: str) -> bool:
        try:
            start.wait()
            set_password_by_link(link=link, password=password)
        except LinkOver:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(use, [NEW, "another fine kettle drum"]))
    assert sorted(done) == [False, True]
    assert Entry.objects.filter(event="person.password_reset").count() == 1


def test_s18_a_worker_writes_the_mail_and_the_limits_hold_for_every_process(client: Client, rana: Person) -> None:
    for _ in range(6):
        client.post(FORGOTTEN, {"email": rana.email})
    with ThreadPoolExecutor(1) as thread:  # as a process of its own would see it: another connection
        thread.submit(work).result()
    assert [message.to for message in outbox.outbox] == [["rana@example.com"]] * 5
    assert client.get(link_in(outbox.outbox[-1]))["Location"] == "/accounts/password/set/"


def work() -> None:
    connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
    with app.replace_connector(connector):
        app.run_worker(
            queues=[mail.QUEUE], wait=False, install_signal_handlers=False, listen_notify=False, name="worker 7"
        )
