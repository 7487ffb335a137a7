"""Locks of the session have numbers that everybody shares: each kind of work has its own, and one holder."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from backoffice.database import embedded
from backoffice.database.locks import Work, held
from tests.database import ROOT


@pytest.fixture
def other_session(postgres: embedded.Embedded, committed: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.server.get_uri(database=committed), autocommit=True) as connection:
        yield connection


def test_every_lock_of_a_session_is_taken_by_a_kind_of_work() -> None:
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "backoffice").rglob("*.py")}
    takers = {path for path, source in sources.items() if re.search(r"pg_(try_)?advisory_lock", source)}
    numbered = {path for path, source in sources.items() if re.search(r"\b20_?26\d_?\d{3}\b", source)}
    assert numbered == {"backoffice/database/locks.py"}
    assert takers == {"backoffice/database/locks.py", "backoffice/exports/services.py"}
    assert "Work.GIVING_A_FILE" in sources["backoffice/exports/services.py"], "held by the file's own connection"


def test_a_piece_of_work_has_one_holder_until_it_is_done(other_session: psycopg.Connection) -> None:
    with held(Work.SELF_TEST, 7) as is_mine, held(Work.SELF_TEST, 8) as is_mine_too:
        assert is_mine and is_mine_too
        assert [is_free(other_session, Work.SELF_TEST, number) for number in (7, 8, 9)] == [False, False, True]
        assert is_free(other_session, Work.VERIFICATION, 7)
    assert is_free(other_session, Work.SELF_TEST, 7)


def test_what_another_session_holds_is_not_held_here(other_session: psycopg.Connection) -> None:
    other_session.execute("SELECT pg_advisory_lock(%s, 7)", [Work.SELF_TEST.value])
    other_session.execute("SELECT pg_advisory_lock(%s, hashtext('orders'))", [Work.MIRROR_RUN.value])
    with held(Work.SELF_TEST, 7) as by_number, held(Work.MIRROR_RUN, "orders") as by_name:
        assert (by_number, by_name) == (False, False)
    with held(Work.MIRROR_RUN, "transactions") as another:
        assert another


def is_free(session: psycopg.Connection, work: Work, number: int) -> bool:
    """Whether a session could take a lock; it keeps it for no longer than the question."""
    row = session.execute("SELECT pg_try_advisory_lock(%s, %s::int)", [work.value, number]).fetchone()
    if row and row[0]:
        session.execute("SELECT pg_advisory_unlock(%s, %s::int)", [work.value, number])
    return bool(row and row[0])
