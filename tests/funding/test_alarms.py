"""What about a doubt calls a person by an alarm in the log."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from backoffice.funding.models import Operation
from backoffice.mirror.partners import forget_clients
from tests.funding.cast import looked_up
from tests.funding.doubt import Travel, last_answer
from tests.partners import Partners


def alarms(operation: Operation) -> set[str]:
    with capture_logs() as logged:
        looked_up(operation)
    return {line["because"] for line in logged if line["event"] == "funding_alarm"}


def test_a_person_is_called_when_the_environment_changed_while_in_doubt(in_doubt: Operation, settings: Any) -> None:
    settings.COINMENA_BASE_URL = settings.COINMENA_BASE_URL.replace("127.0.0.1", "localhost")
    forget_clients()

    assert alarms(in_doubt) == {"the environment changed while in doubt"}


@pytest.mark.parametrize(
    ("kind", "details", "because"),
    [
        ("headers", {"set": {"Age": "30"}}, "a cache answered the look-up"),
        ("redirect", {"status": 307}, "the look-up was redirected"),
        ("redirect", {"status": 304}, "the look-up was redirected"),
    ],
)
def test_a_person_is_called_when_something_else_answered_the_look_up(
    coinmena: Partners, in_doubt: Operation, kind: str, details: dict[str, Any], because: str
) -> None:
    coinmena.fault(kind, match={"method": "GET", "reference": in_doubt.reference}, times=None, **details)

    assert alarms(in_doubt) == {because}
    assert last_answer(in_doubt).counts is False


@pytest.mark.parametrize(("seconds", "called"), [(890, set()), (901, {"in doubt for a quarter of an hour"})])
def test_a_person_is_called_after_a_quarter_of_an_hour(
    in_doubt: Operation, travel: Travel, seconds: int, called: set[str]
) -> None:
    travel(seconds, theirs=False)

    assert alarms(in_doubt) == called
