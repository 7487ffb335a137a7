"""Requests that cannot be made, and answers no library foresaw: each is written down, and the operation moves on."""

from collections.abc import Callable

import pytest
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import AttemptOutcome
from backoffice.funding.queries import attempts_that_left
from backoffice.funding.services.brakes import resume_sending
from backoffice.funding.states import State
from backoffice.mirror.partners import forget_clients
from tests.funding.cast import deposit, looked_up, sent
from tests.funding.doubt import Travel, last_answer
from tests.partner.odd_server import OddServer, hang_up, say
from tests.partners import Partners

NEGATIVE_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}"


def test_a_look_up_with_an_answer_nobody_foresaw_is_kept_and_ends_in_review_after_the_hour(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    settings: Settings,
    travel: Travel,
    looked_up_often: Callable[..., None],
) -> None:
    server = OddServer(hang_up, say(NEGATIVE_CHUNK))
    settings.COINMENA_BASE_URL, settings.COINMENA_DEADLINE_SECONDS = server.url, 5
    forget_clients()
    operation = sent(deposit(maya, noura, usd))
    assert operation.state == State.UNKNOWN

    assert looked_up(operation).state == State.UNKNOWN
    assert (last_answer(operation).found, last_answer(operation).http_status) == (None, 200)

    looked_up_often(operation)
    travel(3601, theirs=False)
    assert looked_up(operation).state == State.REVIEW
    server.close()


@pytest.mark.parametrize("partner_id", ["demo-partner\n", "demo\u200b-partner"], ids=["line feed", "invisible"])
def test_what_no_request_can_be_made_of_stays_approved_and_goes_out_once_the_settings_are_mended(
    coinmena: Partners,
    maya: Person,
    omar: Person,
    noura: Client,
    usd: Asset,
    settings: Settings,
    travel: Travel,
    partner_id: str,
) -> None:
    right, settings.COINMENA_PARTNER_ID = settings.COINMENA_PARTNER_ID, partner_id
    forget_clients()

    operation = sent(deposit(maya, noura, usd))

    outcome = AttemptOutcome.objects.get(attempt__operation=operation)
    assert (operation.state, outcome.row, outcome.evidence) == (State.APPROVED, "A13", "never_sent")
    assert outcome.sentence.startswith("No request can be made with the settings for CoinMENA, so nothing was sent.")
    assert attempts_that_left(operation) == 0
    assert sent(operation).attempts.count() == 1, "it waits before it is tried again"

    settings.COINMENA_PARTNER_ID = right
    forget_clients()
    travel(120)
    assert sent(operation).state == State.APPROVED, "other settings halt"
    resume_sending(reason="The id was mistyped.", by=omar)
    assert sent(operation).state == State.COMPLETED
    assert len(coinmena.orders_under(operation.reference)) == 1
