"""Whoever changes their own account keeps nobody from writing in their name: both at once would end in a deadlock."""

from collections.abc import Callable

import pytest
from django.db import connection

from backoffice.accounts import proofs
from backoffice.accounts.models import Person
from backoffice.accounts.passwords.links import read_link, reset_link
from backoffice.accounts.passwords.services import change_password, fingerprint_of_change, set_password_by_link
from backoffice.accounts.services import choose_time_zone
from tests.holding import held_elsewhere

PASSWORD = "tangerine orbit lantern quiet"


def change(maya: Person) -> None:
    proof = proofs.write_down(maya, fingerprint_of_change(maya))
    change_password(by=maya, password=PASSWORD, proof=proof, session_key=None)


def choose(maya: Person) -> None:
    choose_time_zone(by=maya, time_zone="Asia/Riyadh")


def follow_the_link(maya: Person) -> None:
    set_password_by_link(link=read_link(reset_link(maya).rstrip("/").rpartition("/")[2]), password=PASSWORD)


@pytest.mark.parametrize("act", [change, choose, follow_the_link])
def test_a_row_that_names_a_person_keeps_them_from_no_change_of_their_account(
    committed: str, maya: Person, act: Callable[[Person], None]
) -> None:
    """As an operation, a decision or an entry of the log does until it is committed."""

    def name() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM accounts_person WHERE id = %s FOR KEY SHARE", [maya.pk])

    with held_elsewhere(name, patience="300ms"):
        act(maya)
