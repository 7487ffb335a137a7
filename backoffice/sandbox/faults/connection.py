"""Faults of the connection: closed, cut, slow, and requests that land long after everyone gave up."""

from dataclasses import dataclass, replace

from backoffice.sandbox.faults.scene import Scene, kind
from backoffice.sandbox.messages import Delivery, Reply


@dataclass(frozen=True)
class _Closing:
    """`how`: `closed` in order, or torn down with a `reset`; in process also `refused`."""

    how: Delivery = Delivery.CLOSED

    def __post_init__(self) -> None:
        object.__setattr__(self, "how", Delivery(self.how))


@kind("close_before_reading")
@dataclass(frozen=True)
class CloseBeforeReading(_Closing):
    """Close with the body still unread. Matched by method, path and query alone."""

    def play(self, scene: Scene) -> Reply:
        return Reply.undelivered(self.how)


@kind("close_before_apply")
@dataclass(frozen=True)
class CloseBeforeApply(_Closing):
    """Read the request, apply nothing, close."""

    def play(self, scene: Scene) -> Reply:
        return Reply.undelivered(self.how)


@kind("close_after_apply")
@dataclass(frozen=True)
class CloseAfterApply(_Closing):
    """Apply the request and lose the answer."""

    def play(self, scene: Scene) -> Reply:
        scene.proceed()
        return Reply.undelivered(self.how)


@kind("cut_answer")
@dataclass(frozen=True)
class CutAnswer:
    """Apply, announce the whole length, send the first `at` bytes of the body and close."""

    at: int = 10

    def play(self, scene: Scene) -> Reply:
        return replace(scene.proceed(), cut_at=self.at)


@kind("answer_late")
@dataclass(frozen=True)
class AnswerLate:
    """Answer `seconds` late, the waiting done `before` or `after` applying."""

    seconds: float
    when: str = "after"

    def play(self, scene: Scene) -> Reply:
        if self.when == "before":
            scene.clock.sleep(self.seconds)
            return scene.proceed()
        reply = scene.proceed()
        return replace(reply, delay_seconds=reply.delay_seconds + self.seconds)


@kind("land_late")
@dataclass(frozen=True)
class LandLate(_Closing):
    """Close at once and apply the request `seconds` later.

    `verify`: the signature counts `at_edge` (the request waits behind a gateway that has let it in) or
    `when_landing` (the network held it; a timestamp over 60 seconds old is refused then).
    """

    seconds: float = 1.0
    verify: str = "at_edge"

    def play(self, scene: Scene) -> Reply:
        scene.land_later(self.seconds, lambda: self._land(scene))
        return Reply.undelivered(self.how)

    def _land(self, scene: Scene) -> Reply:
        if self.verify == "when_landing":
            scene.admit()
        return scene.proceed()


@kind("drip")
@dataclass(frozen=True)
class Drip:
    """Apply, then send the answer's body one byte at a time."""

    seconds_per_byte: float = 1.0

    def play(self, scene: Scene) -> Reply:
        return replace(scene.proceed(), seconds_per_byte=self.seconds_per_byte)
