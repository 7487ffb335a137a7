"""Codes looked at by many at once: each is used once, and ten wrong ones are ten (S18, S19)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from backoffice.accounts.factors.checking import MOST_FAILURES, Verdict, check_code
from backoffice.accounts.models import CodeGuard, Person
from backoffice.audit.models import Entry
from tests.factors import code_of, enrol, wrong_code_of

AT_ONCE = 16


@pytest.fixture
def person(committed: str) -> Person:
    person = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role="finance")
    enrol(person)
    return person


def at_once(look: Callable[[], Verdict]) -> Counter[Verdict]:
    """Do the same in many threads, each with a connection of its own, as processes would."""
    start = Barrier(AT_ONCE)

    def one() -> Verdict:
        try:
            start.wait(timeout=30)
            return look()
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return Counter(answer.result() for answer in [threads.submit(one) for _ in range(AT_ONCE)])


def test_s19_a_code_sent_many_times_at_once_is_taken_once(person: Person) -> None:
    code = code_of(person)
    verdicts = at_once(lambda: check_code(person, code, is_signed_in=True).verdict)
    assert verdicts == {Verdict.RIGHT: 1, Verdict.SPENT: AT_ONCE - 1}


def test_s18_guesses_sent_at_once_are_counted_one_by_one(person: Person) -> None:
    wrong = wrong_code_of(person)
    verdicts = at_once(lambda: check_code(person, wrong, is_signed_in=False).verdict)
    assert verdicts == {Verdict.WRONG: MOST_FAILURES, Verdict.BLOCKED: AT_ONCE - MOST_FAILURES}
    assert len(CodeGuard.objects.get().failed_at) == MOST_FAILURES
    assert Entry.objects.filter(event="factor.failed").count() == MOST_FAILURES
    assert Entry.objects.filter(event="factor.blocked").count() == 1
