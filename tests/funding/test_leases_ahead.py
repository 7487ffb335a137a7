"""Leases and plans that were written while the database's clock ran ahead hold nothing once it is set right (F22)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.closing.findings import findings_of
from backoffice.funding.doubt import figures_of
from backoffice.funding.models import LookupAnswer, Operation
from backoffice.funding.services.absence import bound_of
from backoffice.funding.services.attempts import attempts_of
from backoffice.funding.services.claiming import claim, lease_length
from backoffice.funding.services.doorbells import RESOLVE
from backoffice.funding.services.resolving import RAREST, look_now, resolve
from backoffice.funding.states import State
from backoffice.funding.tasks import waiting
from backoffice.funding.timeline import story_of
from backoffice.health.services import Unwell, doubt_is_short
from backoffice.mirror.partners import coinmena as our_client
from tests.funding.cast import NOURA, deposit, looked_up, now, sent
from tests.funding.doubt import POST, Travel
from tests.partners import Partners

AHEAD = 6 * 3600


class Died(Exception):
    """What stands for the end of a process."""


def die(_point: object) -> None:
    raise Died


def is_swept(operation: Operation) -> bool:
    return (RESOLVE, operation.pk) in waiting(clock.now())


def test_a_lease_that_was_written_by_a_clock_that_ran_ahead_is_over_once_it_is_set_right(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    operation = deposit(maya, noura, usd)
    travel(AHEAD, theirs=False)
    claimed = claim(operation.pk, "worker that dies")
    assert claimed is not None
    our_client().post_order(claimed.kind, claimed.body)
    assert not is_swept(operation)

    travel(1, theirs=False)

    assert is_swept(operation)
    assert looked_up(operation).state == State.COMPLETED


def test_a_resolvers_lease_that_was_written_by_a_clock_that_ran_ahead_is_over_once_it_is_set_right(
    coinmena: Partners, in_doubt: Operation, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    travel(AHEAD, theirs=False)
    monkeypatch.setattr("backoffice.funding.services.resolving.failpoint", die)
    with pytest.raises(Died):
        looked_up(in_doubt)
    monkeypatch.setattr("backoffice.funding.services.resolving.failpoint", lambda _point: None)
    assert not is_swept(in_doubt)

    travel(1, theirs=False)
    coinmena.make_order(NOURA, amount="1000.00", reference=in_doubt.reference)

    assert is_swept(in_doubt)
    assert looked_up(in_doubt).state == State.COMPLETED


def test_a_look_up_that_was_planned_by_a_clock_that_ran_ahead_is_due_once_it_is_set_right(
    in_doubt: Operation, travel: Travel
) -> None:
    travel(AHEAD, theirs=False)
    resolve(in_doubt.pk, holder="worker 2")
    travel(1, theirs=False)
    before = LookupAnswer.objects.count()
    assert is_swept(in_doubt)

    resolve(in_doubt.pk, holder="worker 2")

    assert LookupAnswer.objects.count() == before + 1
    planned_at = now(in_doubt).next_lookup_at
    assert planned_at is not None
    assert planned_at <= clock.now() + RAREST, "and the next one is not put off again"


@pytest.mark.parametrize("is_answered", [True, False], ids=["its answer was lost", "its worker died"])
def test_what_was_claimed_by_a_clock_that_ran_ahead_rings_and_goes_to_review_once_it_is_set_right(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    travel: Travel,
    looked_up_often: Callable[..., None],
    is_answered: bool,
) -> None:
    coinmena.fault("close_before_apply", match=POST)
    operation = deposit(maya, noura, usd)
    travel(20 * 3600, theirs=False)
    if is_answered:
        assert sent(operation).state == State.UNKNOWN
    else:
        assert claim(operation.pk, "worker that dies") is not None

    travel(60, theirs=False)
    assert looked_up(operation).state == State.UNKNOWN
    with capture_logs() as logs:
        travel(1000, theirs=False)
        assert looked_up(operation).state == State.UNKNOWN
    assert "in doubt for a quarter of an hour" in {log.get("because") for log in logs}
    with pytest.raises(Unwell, match="in doubt for 15"):
        doubt_is_short()
    figures = figures_of(story_of(now(operation)), findings_of(now(operation)), (), clock.now())
    assert (figures[0].label, figures[0].value) == ("In doubt for", "15 min 40 s")
    if not is_answered:
        assert bound_of(attempts_of(operation)) > clock.now() + timedelta(hours=19), "only people are asked sooner"

    looked_up_often(operation)
    travel(60 + 3601, theirs=False)
    assert looked_up(operation).state == State.REVIEW


def test_a_lease_and_a_plan_of_a_clock_that_runs_right_hold(in_doubt: Operation, travel: Travel) -> None:
    resolve(in_doubt.pk, holder="worker 2")
    for moment in (timedelta(seconds=1), RAREST):
        Operation.objects.filter(pk=in_doubt.pk).update(next_lookup_at=clock.now() + moment)
        assert not is_swept(in_doubt)
    Operation.objects.filter(pk=in_doubt.pk).update(
        next_lookup_at=clock.now(), lease_until=clock.now() + lease_length()
    )

    assert not is_swept(in_doubt)
    assert look_now(in_doubt.pk, holder="somebody") is None
