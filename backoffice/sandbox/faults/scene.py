"""Where a fault plays: the request, what the partner would answer, and the list of all kinds of faults."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Protocol, TypeVar

from backoffice.sandbox.clock import Clock
from backoffice.sandbox.messages import Json, Reply, Request
from backoffice.sandbox.script import Script


@dataclass(frozen=True)
class Scene:
    """One request between its signature check and its answer.

    `carry_out` lets the partner (or the next fault) answer; `admit` checks the signature again, at that moment;
    `land_later` carries something out when so many seconds have passed.
    """

    request: Request
    script: Script
    clock: Clock
    carry_out: Callable[[Script], Reply]
    admit: Callable[[], object]
    land_later: Callable[[float, Callable[[], Reply]], None]

    @property
    def is_bitnob(self) -> bool:
        return self.request.segments[:1] == ("api",)

    def proceed(self, **script: Any) -> Reply:
        """Let the partner answer, with changes to its script."""
        return self.carry_out(replace(self.script, **script))


class Action(Protocol):
    """What goes wrong with one request."""

    def play(self, scene: Scene) -> Reply: ...


_ActionType = TypeVar("_ActionType", bound=type[Any])
_KINDS: Final[dict[str, type[Any]]] = {}


def kind(name: str) -> Callable[[_ActionType], _ActionType]:
    """Give a dataclass of this package the name the control path knows it by."""

    def register(action: _ActionType) -> _ActionType:
        _KINDS[name] = action
        return action

    return register


def read_action(content: Json) -> Action:
    """Make an action out of `{"kind": ..., ...}`.

    :raises ValueError: with a sentence, for a kind or a parameter there is none of.
    """
    if not isinstance(content, dict) or content.get("kind") not in _KINDS:
        raise ValueError(f'An action needs a "kind", one of {", ".join(sorted(_KINDS))}.')
    action = _KINDS[content["kind"]]
    parameters = {name: setting for name, setting in content.items() if name != "kind"}
    known = [field.name for field in fields(action)]
    if unknown := parameters.keys() - set(known):
        raise ValueError(f"{content['kind']} does not take {', '.join(sorted(unknown))}, only {', '.join(known)}.")
    try:
        made: Action = action(**parameters)
    except TypeError as error:
        raise ValueError(f"{content['kind']} needs more: {error}.") from error
    return made
