"""What was sent and heard is kept as it was, and the database holds every request to one reference and one body."""

import hashlib
from datetime import datetime, timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, connections, transaction

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Attempt, AttemptOutcome, Lookup, Operation
from backoffice.funding.services.intents import body_for, digest_of
from tests.funding.cast import deposit, sent
from tests.partners import Partners


def attempt(operation: Operation, number: int, body: bytes, digest: str = "", at: datetime | None = None) -> Attempt:
    now = at or clock.now()
    return Attempt.objects.create(
        operation=operation,
        number=number,
        lease_token=uuid4(),
        worker="worker 1",
        environment="e" * 64,
        body=body,
        body_digest=digest or digest_of(body),
        planned_at=now,
        claimed_at=now,
    )


def test_the_database_lets_every_attempt_ask_for_the_same_bytes(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    operation, another = deposit(maya, noura, usd), deposit(maya, noura, usd, "7.00")
    attempt(operation, 1, body_for(operation))
    attempt(operation, 2, body_for(operation))

    attempt(another, 1, body_for(another))


def test_the_database_refuses_an_attempt_that_asks_for_something_else(
    db: None, maya: Person, noura: Client, usd: Asset
) -> None:
    operation, another = deposit(maya, noura, usd), deposit(maya, noura, usd, "7.00")
    attempt(operation, 1, body_for(operation))

    for body, digest in ((body_for(another), ""), (body_for(operation), "0" * 64)):
        with pytest.raises(DatabaseError, match="asks for something else"), transaction.atomic():
            attempt(operation, 2, body, digest)


def test_a_digest_tells_an_answer_that_was_kept_in_part(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    sent(deposit(maya, noura, usd))

    kept = AttemptOutcome.objects.get()
    assert kept.raw_digest == hashlib.sha256(bytes(kept.raw)).hexdigest()


def test_an_upgrade_tells_of_attempts_made_before_which_look_ups_came_first(
    committed: str, maya: Person, noura: Client, usd: Asset
) -> None:
    operation, began = deposit(maya, noura, usd), clock.now()
    body = body_for(operation)
    attempt(operation, 1, body)
    asked = [
        Lookup.objects.create(
            operation=operation, worker="worker 1", environment="", asked_at=began + number * timedelta(minutes=5)
        )
        for number in range(4)
    ]
    attempt(operation, 2, body, at=began + timedelta(minutes=12))
    unasked = deposit(maya, noura, usd, "7.00")
    attempt(unasked, 1, body_for(unasked))
    attempt(unasked, 2, body_for(unasked))

    with connections["owner"].schema_editor() as editor:
        import_module("backoffice.funding.migrations.0015_looked_up_before_an_attempt").fill(apps, editor)

    kept = Attempt.objects.order_by("pk").values_list("last_lookup_id", flat=True)
    assert list(kept) == [None, asked[2].pk, None, None]
