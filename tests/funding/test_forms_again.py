"""A form that is sent again made its operation already: nothing else is said, whatever has become of that since."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Operation, Scope
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.expiring import expire_due
from backoffice.funding.services.freezing import freeze
from backoffice.funding.states import State
from tests.funding.cast import NOURA, SignIn, approved_by, now, sent
from tests.partners import Partners

ALREADY = "This form had made this operation already. Nothing new was made."
#: Every other sentence the form can end with.
OTHERS = ("Deposit made", "Deposit asked for", "Withdrawal asked for", "sends it now", "open a new form")


@dataclass(frozen=True)
class Scene:
    """Where the operation of a form goes on."""

    coinmena: Partners
    maya: Person
    omar: Person
    later: Callable[[], None]

    def cancelled(self, operation: Operation) -> None:
        cancel_operation(operation_id=operation.pk, by=self.maya)

    def rejected(self, operation: Operation) -> None:
        assert operation.approval is not None
        shown = operation.approval.fingerprint
        request = operation.approval.pk
        approvals.reject(request_id=request, fingerprint=shown, reason_code="other", note="Not ours.", by=self.omar)

    def expired(self, operation: Operation) -> None:
        self.later()

    def approved(self, operation: Operation) -> None:
        approved_by(self.omar, operation)

    def held(self, operation: Operation) -> None:
        freeze(scope=Scope.EVERYTHING, reason="The bank rang.", by=self.omar)

    def completed(self, operation: Operation) -> None:
        sent(operation if operation.is_deposit else approved_by(self.omar, operation))

    def in_doubt(self, operation: Operation) -> None:
        self.coinmena.fault("close_before_apply", match={"method": "POST"})
        sent(operation)

    def failed(self, operation: Operation) -> None:
        self.coinmena.set_client(NOURA, active=False)
        sent(operation)

    def untouched(self, operation: Operation) -> None:
        """Somebody clicked twice."""


@pytest.fixture
def scene(coinmena: Partners, maya: Person, omar: Person, monkeypatch: pytest.MonkeyPatch) -> Scene:
    def later() -> None:
        with monkeypatch.context() as two_days_on:
            moment = timezone.now() + timedelta(days=2)
            two_days_on.setattr(clock, "now", lambda: moment)
            assert expire_due() == 1

    return Scene(coinmena, maya, omar, later)


@pytest.fixture
def desk(coinmena: Partners, noura: Client, usd: Asset, signed_in: SignIn) -> Browser:
    return signed_in("maya")


def filled() -> dict[str, str]:
    typed = {"client": NOURA, "asset": "USD", "amount": "10.00", "reason": "Bank transfer received"}
    return {**typed, "submission_token": str(uuid4())}


@pytest.mark.parametrize(
    ("address", "went_on", "state"),
    [
        ("/funding/deposit/", Scene.untouched, State.APPROVED),
        ("/funding/deposit/", Scene.held, State.APPROVED),
        ("/funding/deposit/", Scene.cancelled, State.CANCELLED),
        ("/funding/deposit/", Scene.expired, State.EXPIRED),
        ("/funding/deposit/", Scene.failed, State.FAILED),
        ("/funding/deposit/", Scene.in_doubt, State.UNKNOWN),
        ("/funding/deposit/", Scene.completed, State.COMPLETED),
        ("/funding/withdraw/", Scene.untouched, State.PENDING_APPROVAL),
        ("/funding/withdraw/", Scene.approved, State.APPROVED),
        ("/funding/withdraw/", Scene.rejected, State.REJECTED),
        ("/funding/withdraw/", Scene.cancelled, State.CANCELLED),
        ("/funding/withdraw/", Scene.expired, State.EXPIRED),
        ("/funding/withdraw/", Scene.completed, State.COMPLETED),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_form_sent_again_says_only_that_it_made_nothing_new(
    desk: Browser, scene: Scene, address: str, went_on: Callable[[Scene, Operation], None], state: State
) -> None:
    form = filled()
    desk.post(address, form, follow=True)
    operation = now(Operation.objects.get())
    went_on(scene, operation)
    assert now(operation).state == state

    page = unescape(desk.post(address, form, follow=True).content.decode())

    assert ALREADY in page
    assert [sentence for sentence in OTHERS if sentence in page] == []
    assert Operation.objects.count() == 1


def test_a_form_sent_for_the_first_time_says_what_it_made(desk: Browser) -> None:
    assert (
        "Deposit made. A worker sends it now." in desk.post("/funding/deposit/", filled(), follow=True).content.decode()
    )
