"""Which requests a fault strikes: matched by what they are, by how many came before, and only so many times."""

from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock

from backoffice.sandbox.faults import broken, connection, lists, refused, wrong  # noqa: F401 - each names its kinds
from backoffice.sandbox.faults.connection import CloseBeforeReading
from backoffice.sandbox.faults.scene import Action, read_action
from backoffice.sandbox.messages import Json, Request


def reference_of(request: Request) -> str | None:
    """Return the reference a request is about, from its body or from the look-up path."""
    match request.segments:
        case ("v1", "partner", "orders", "ref", reference) | ("api", "transactions", reference):
            return reference
    named = request.loose_json.get("partner_order_ref")
    return named if isinstance(named, str) else None


def client_of(request: Request) -> str | None:
    """Return the client a request is about, from its body, its query or its path."""
    match request.segments:
        case ("v1", "partner", "clients", client, *_):
            return client
    named = request.loose_json.get("partner_client_id", request.query.get("partner_client_id"))
    return named if isinstance(named, str) else None


@dataclass(frozen=True)
class Match:
    """What a request must be; what is None is not looked at. `path` is a prefix."""

    partner: str | None = None
    method: str | None = None
    path: str | None = None
    reference: str | None = None
    client: str | None = None
    query: dict[str, str] = field(default_factory=dict)

    def fits(self, request: Request) -> bool:
        return (
            self.partner in (None, "bitnob" if request.path.startswith("/api") else "coinmena")
            and self.method in (None, request.method)
            and (self.path is None or request.path.startswith(self.path))
            and self.reference in (None, reference_of(request))
            and self.client in (None, client_of(request))
            and self.query.items() <= request.query.items()
        )


@dataclass(frozen=True)
class Rule:
    """A fault that waits for its request: it strikes from the `nth` fitting one on, `times` times (None: always)."""

    id: int
    match: Match
    action: Action
    content: Json
    nth: int = 1
    times: int | None = 1
    label: str = ""
    seen: int = 0
    fired: int = 0

    @property
    def is_spent(self) -> bool:
        return self.times is not None and self.fired >= self.times

    def count(self) -> "Rule":
        """Return the rule after one more fitting request; it fired if `fired` went up."""
        seen = self.seen + 1
        return replace(self, seen=seen, fired=self.fired + (seen >= self.nth and not self.is_spent))

    def as_json(self) -> Json:
        return {"id": self.id, "label": self.label, "seen": self.seen, "fired": self.fired, **self.content}


class FaultBook:
    """All rules, in the order they were added: the first is the outermost when several strike one request."""

    def __init__(self) -> None:
        self._rules: dict[int, Rule] = {}
        self._ids = count(1)
        self._lock = Lock()

    def add(self, content: Json) -> Rule:
        """Add `{"match": {...}, "action": {...}, "nth": 1, "times": 1, "label": ""}`.

        :raises ValueError: with a sentence, when the rule cannot be read.
        """
        if not isinstance(content, dict):
            raise ValueError("A fault is an object with match and action.")
        if unknown := content.keys() - {"match", "action", "nth", "times", "label"}:
            raise ValueError(f"A fault has match, action, nth, times and label, but not {', '.join(sorted(unknown))}.")
        try:
            match = Match(**content.get("match", {}))
        except TypeError as error:
            raise ValueError(f"The match cannot be read: {error}.") from error
        action = read_action(content.get("action"))
        options = {name: content[name] for name in ("nth", "times", "label") if name in content}
        with self._lock:
            rule = Rule(id=next(self._ids), match=match, action=action, content=content, **options)
            self._rules[rule.id] = rule
        return rule

    def remove(self, rule_id: int) -> bool:
        with self._lock:
            return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def rules(self) -> list[Rule]:
        with self._lock:
            return list(self._rules.values())

    def at_the_door(self, request: Request) -> list[Action]:
        """Return the faults that strike before the body is read; they cannot be matched by what it says."""
        return self._strike(request, before_reading=True)

    def once_inside(self, request: Request) -> list[Action]:
        """Return the faults that strike a request whose signature was checked."""
        return self._strike(request, before_reading=False)

    def _strike(self, request: Request, *, before_reading: bool) -> list[Action]:
        struck = []
        with self._lock:
            for rule in self._rules.values():
                is_at_the_door = isinstance(rule.action, CloseBeforeReading)
                if is_at_the_door == before_reading and rule.match.fits(request):
                    counted = self._rules[rule.id] = rule.count()
                    struck.extend([rule.action] if counted.fired > rule.fired else [])
        return struck
