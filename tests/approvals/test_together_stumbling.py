"""The database stumbles over one of several that are approved together: the rest is approved, and people are told."""

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals import services
from backoffice.approvals.models import Request
from backoffice.approvals.together import sets
from backoffice.database.embedded import Embedded
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from tests.factors import with_code
from tests.funding.cast import mirrored_asset, mirrored_client, now, withdrawal
from tests.ruling import make_live, rule

Stumble = Callable[[Request], AbstractContextManager[object]]


@pytest.fixture
def operations(committed: str, maya: Person, monkeypatch: pytest.MonkeyPatch) -> list[Operation]:
    """Four withdrawals of four clients, none of them unusual."""
    monkeypatch.setattr("backoffice.funding.subject.OperationSubject.unusual", lambda _self, _requests: {})
    two = rule("withdrawal", "Large withdrawals, USD", asset="USD", at_least=Decimal(1000), people_needed=2)
    make_live(rule("withdrawal"), two, rule("release"))
    usd = mirrored_asset()
    return [withdrawal(maya, mirrored_client(f"user_{n}"), usd, f"{100 + n}.00") for n in range(4)]


@pytest.fixture(params=["a lock that somebody holds", "a connection that is lost"])
def stumble(
    request: pytest.FixtureRequest, committed: str, postgres: Embedded, monkeypatch: pytest.MonkeyPatch
) -> Stumble:
    """What the database does to whoever approves one request."""

    @contextmanager
    def held(asked: Request) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        with psycopg.connect(postgres.server.get_uri(database=committed)) as somebody:
            yield somebody.execute("SELECT FROM approvals_request WHERE id = %s FOR UPDATE", [asked.pk])

    @contextmanager
    def lost(asked: Request) -> Any:
        real = services._locked

        def lost_over(request_id: int) -> Request:
            if request_id == asked.pk:
                with postgres.administer() as admin, connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    admin.execute("SELECT pg_terminate_backend(%s, 5000)", cursor.fetchone())
            return real(request_id)

        monkeypatch.setattr(services, "_locked", lost_over)
        yield

    return held if request.param.startswith("a lock") else lost


def test_the_others_are_approved_and_the_result_says_that_this_one_waits(
    client: Browser, operations: list[Operation], omar: Person, stumble: Stumble
) -> None:
    client.force_login(omar)
    (waiting,) = sets.sets_for(omar, timezone.now())
    page = client.get("/approvals/together/review/", vars(waiting.alike)).context["form"]
    typed = with_code(omar, rows=page["rows"].value(), opened=page["opened"].value(), note="")

    with stumble(Request.objects.get(subject=operations[2].reference)):
        answer = client.post("/approvals/together/approve/", typed, follow=True)

    said = answer.content.decode()
    assert "3 of 4 approved." in said and said.count("Nothing was done: it waits as before.") == 1
    done, waits = State.APPROVED, State.PENDING_APPROVAL
    assert [now(one).state for one in operations] == [done, done, waits, done]
