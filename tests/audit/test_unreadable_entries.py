"""Somebody who holds the database puts into an entry what no entry was written with: its page says so, and neither it
nor the list breaks over it (S29)."""

import pytest
from django.test import Client

from backoffice.accounts.models import Person
from tests.audit.chain import damage, write
from tests.audit.verifying.test_damages import START_AGAIN


def nested(deep: int) -> str:
    return f"""(repeat('{{"a":', {deep}) || '1' || repeat('}}', {deep}))::jsonb"""


#: What somebody put into the third entry, and what the page says of it there.
DAMAGES = [
    *((f"after = {nested(deep)}", "Entry 3 was changed") for deep in (150, 500, 900, 3_000)),
    (f"before = {nested(900)}", "Entry 3 was changed"),
    ("after = repeat('1', 5000)::jsonb", "Entry 3 was changed"),
    ("""after = ('{"try": ' || repeat('1', 5000) || '}')::jsonb""", "Entry 3 was changed"),
    ("after = '[1, 2]', before = '5'", "Entry 3 was changed"),
    ("""after = '"text"'""", "Entry 3 was changed"),
    ("after = '{\"try\": 2.5}'", "Entry 3 was changed"),
    ("at = 'infinity'", "Entry 3 was changed"),
    ("at = '-infinity'", "Entry 3 was changed"),
    ("at = '20000-01-01'", "Entry 3 was changed"),
    ("at = '0044-03-15 BC'", "Entry 3 was changed"),
    ("at = '9999-12-31 23:59:59 UTC'", "Entry 3 was changed"),
    ("at = '0001-01-01 00:00:00 UTC'", "Entry 3 was changed"),
    ("canonical = ''", "Entry 3 was changed"),
    ("canonical = '[1]'", "Entry 3 was changed"),
    ("canonical = repeat('[', 100000)", "Entry 3 was changed"),
    ("event = 'none.such', role = 'none', result = 'none'", "Entry 3 was changed"),
    ("event = 'audit.verified', after = '[1]'", "Entry 3 was changed"),
    ("event = 'audit.verified', after = '{\"bad_entry\": 1e30, \"faults\": 5}'", "Entry 3 was changed"),
]


@pytest.mark.usefixtures("committed")
def test_s29_the_page_of_an_entry_that_cannot_be_read_says_so(client: Client, vera: Person) -> None:
    client.force_login(vera)
    client.raise_request_exception = False
    for change, said in DAMAGES:
        damage(*START_AGAIN)
        write(5)
        damage(f"UPDATE audit_entry SET {change} WHERE number = 3")  # noqa: S608
        answers = {page: client.get(page) for page in ("/audit/3/", "/audit/", "/audit/?result=done", "/audit/verify/")}
        assert {page: answer.status_code for page, answer in answers.items()} == dict.fromkeys(answers, 200), change
        assert said in answers["/audit/3/"].content.decode(), change
        assert 'href="/audit/3/"' in answers["/audit/"].content.decode(), change


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("number", [-3, 0, 2**63 - 1])
def test_s29_an_entry_of_a_number_that_no_page_has_leaves_the_list_standing(
    client: Client, vera: Person, number: int
) -> None:
    client.force_login(vera)
    write(5)
    damage(f"UPDATE audit_entry SET number = {number} WHERE number = 3")  # noqa: S608
    assert client.get("/audit/").status_code == 200
