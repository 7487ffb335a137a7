"""The faults of reliability.md §12 that drive (a) makes, each with how it is made and what it can hit.

A fault is armed for one operation, once its reference is known; it strikes whenever a fitting request comes, if ever.
``fired`` is counted by row and way, e.g. ``F9 after 504``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from random import Random
from typing import Any, Final

from django.conf import settings

from backoffice.failpoints import Failpoint
from backoffice.sandbox.coinmena.ledger import InsufficientFunds, ReferenceTaken
from backoffice.sandbox.credentials import OTHER_PARTNER_ID
from backoffice.sandbox.faults.rules import reference_of
from backoffice.sandbox.messages import Request
from tests.faults.interventions import freeze_client
from tests.faults.world import World

LOOKUP: Final = "/v1/partner/orders/ref/"
LIST: Final = "/v1/partner/orders"
#: How the statement begins that writes a job for the workers.
_BELL: Final = "SELECT  unnest(\n  procrastinate_defer_jobs"
_LIST_KINDS: Final = ("repeat_page", "never_ending", "wrong_total", "empty_page", "ignore_page_size", "shift_pages")
#: What needs the body it spoils to be whole.
_SPOILING: Final = frozenset({"broken", "echo", "oversized", "gzip_bomb", *_LIST_KINDS})
#: How old a signature may be when the partner takes it.
_SIGNATURE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Target:
    """The operation a fault is armed for."""

    reference: str
    client: str
    kind: str
    asset: str
    amount: str

    @property
    def post(self) -> dict[str, Any]:
        return {"method": "POST", "reference": self.reference}

    @property
    def lookup(self) -> dict[str, Any]:
        return {"method": "GET", "path": LOOKUP + self.reference}

    @property
    def listing(self) -> dict[str, Any]:
        return {"method": "GET", "path": LIST, "client": self.client}

    def is_post(self, request: Request) -> bool:
        return request.method == "POST" and reference_of(request) == self.reference

    def is_read(self, request: Request) -> bool:
        return request.method == "GET"


Arm = Callable[[World, Target, Random], None]


@dataclass(frozen=True)
class Fault:
    """One row of the table and one way to make it. ``weight``: how often it is drawn, beside the others."""

    row: str
    way: str
    arm: Arm
    weight: int = 10

    @property
    def name(self) -> str:
        return f"{self.row} {self.way}"

    @property
    def is_for_creation(self) -> bool:
        """Whether it must be armed before there is an operation."""
        return self.name in ("F1 C0", "F1 C1") or self.row in ("F23", "F24", "F25", "F40")


# How they are made ----------------------------------------------------------------------------------------------------


def at_partner(
    world: World, name: str, match: dict[str, Any], kind: str, nth: int = 1, times: int | None = 1, **action: Any
) -> None:
    """Have the sandbox answer wrongly; of two faults that spoil the same body only the first is made."""
    if kind in _SPOILING and any(
        rule.content["match"] == match and rule.content["action"]["kind"] in _SPOILING
        for rule in world.sandbox.faults.rules()
    ):
        return
    rule = {"match": match, "action": {"kind": kind, **action}, "nth": nth, "times": times, "label": name}
    world.sandbox.faults.add(rule)


def on_post(name: str, kind: str, **action: Any) -> Arm:
    return lambda world, target, random: at_partner(world, name, target.post, kind, **action)


def on_lookup(name: str, kind: str, times: int | None = 1, **action: Any) -> Arm:
    return lambda world, target, random: at_partner(world, name, target.lookup, kind, times=times, **action)


def on_list(name: str, kind: str, **action: Any) -> Arm:
    """A list is read only where a "not found" begins to count, so the request is lost as well."""

    def arm(world: World, target: Target, random: Random) -> None:
        at_partner(world, "F4 before closed", target.post, "close_before_apply")
        at_partner(world, name, target.listing, kind, times=2, **action)

    return arm


def on_line(name: str, how: str, times: int = 1) -> Arm:
    return lambda world, target, random: world.partner.break_line(name, how, target.is_post, times)


def crash(point: Failpoint, times: int = 1) -> Arm:
    def arm(world: World, target: Target, random: Random) -> None:
        for _ in range(times):
            nth, lands_after = random.choice((1, 1, 1, 2)), random.uniform(0.5, 130)
            if point is Failpoint.C7:
                lands_after = world.partner.delayed_by(lands_after)
            world.damage.kill_at(point, nth, lands_after_seconds=lands_after)

    return arm


def stall(point: Failpoint) -> Arm:
    def arm(world: World, target: Target, random: Random) -> None:
        """Held up before it is handed in, a request is taken for as long as its signature is fresh."""
        world.partner.delayed_by(_SIGNATURE_SECONDS if point is Failpoint.C6 else 0)
        world.damage.stall_at(point, random.choice((5, 21, 46, 120, 400)))

    return arm


def database(row: str, how: str) -> Arm:
    return lambda world, target, random: world.damage.fail_database(
        f"{row} {how}", how, random.randint(1, 12 if how.startswith("commit") else 80)
    )


def audit_insert(row: str) -> Arm:
    return lambda world, target, random: world.damage.fail_database(
        f"{row} audit insert", "disk_full", random.randint(1, 4), only='INSERT INTO "audit_entry"'
    )


def lands_late(name: str, verify: str) -> Arm:
    """The request is held back somewhere and carried out when its sender has long given up, or sees it cut."""

    def arm(world: World, target: Target, random: Random) -> None:
        seconds = world.partner.delayed_by(random.choice((1, 5, 24, 26, 59, 61, 100, 130)))
        if random.random() < 0.5:
            world.partner.break_line("F7 hangs", "hang", target.is_post)
        at_partner(world, name, target.post, "land_late", seconds=seconds, verify=verify)

    return arm


def order_there(name: str, lag: bool = False) -> Arm:
    """Our order is there already, as after a restore: the first attempt is answered 2020."""

    def arm(world: World, target: Target, random: Random) -> None:
        try:
            order = world.partner.place_order(
                target.client, target.kind, target.asset, target.amount, reference=target.reference
            )
        except (InsufficientFunds, ReferenceTaken):
            return
        world.scripted.placed_before[target.reference] = order
        world.fired[name] += 1
        if lag:
            at_partner(
                world,
                name,
                target.lookup,
                "read_lag",
                times=None,
                seconds=world.partner.delayed_by(random.choice((5, 30, 60, 340))),
            )

    return arm


def foreign_order(name: str) -> Arm:
    """Somebody else's order stands under our reference."""

    def arm(world: World, target: Target, random: Random) -> None:
        try:
            order = world.partner.place_order(target.client, "deposit", "AED", "77.77", reference=target.reference)
        except ReferenceTaken:
            return
        world.scripted.outside_orders.add(order)
        world.fired[name] += 1

    return arm


def short_of_funds_on_second(world: World, target: Target, random: Random) -> None:
    """The first attempt was applied and nobody knows; the second one finds the balance used up."""
    at_partner(world, "F15 first lost", target.post, "close_after_apply")
    lag = world.partner.delayed_by(random.choice((310, 330, 350)))
    for match in (target.lookup, target.listing):
        at_partner(world, "F14 lag", match, "read_lag", times=None, seconds=lag)
    at_partner(world, "F15 refused", target.post, "envelope", nth=2, status=400, code=3005, msg="Insufficient funds")


def out_of_sight(world: World, target: Target, random: Random) -> None:
    """The answer is lost and the order not seen for so long that the same bytes are sent once more: 2020."""
    at_partner(world, "F12 first lost", target.post, "close_after_apply")
    lag = world.partner.delayed_by(random.choice((20, 90, 310, 330, 350)))
    for match in (target.lookup, target.listing):
        at_partner(world, "F14 lag", match, "read_lag", times=None, seconds=lag)


def clocks_apart(seconds: float) -> Arm:
    """Our clock is off by so much for a while."""

    def arm(world: World, target: Target, random: Random) -> None:
        def set_wrong() -> None:
            world.clock.put_off(seconds)
            world.fired[f"F22 {seconds:+g} s"] += 1

        def set_right() -> None:
            world.clock.put_off(0.0)

        world.partner.delayed_by(_SIGNATURE_SECONDS)
        begin = random.uniform(0, 60)
        world.plan(begin, "our clock is wrong", set_wrong, is_fault=True)
        world.plan(begin + random.uniform(20, 400), "our clock is right", set_right, is_fault=True)

    return arm


def another_environment(world: World, target: Target, random: Random) -> None:
    """For a while our workers run with another partner's credentials."""

    def switch() -> None:
        settings.COINMENA_PARTNER_ID = OTHER_PARTNER_ID
        settings.COINMENA_PRIVATE_KEY = _OTHER_KEY
        world.fired["F34 other credentials"] += 1

    begin = random.uniform(1, 60)
    at_partner(world, "F5 after closed", target.post, "close_after_apply")
    world.plan(begin, "other credentials", switch, is_fault=True)
    world.plan(begin + random.uniform(5, 500), "our credentials", world.own_credentials, is_fault=True)


def slow_reads(name: str, seconds: float) -> Arm:
    """The answer is lost, and whatever is asked of the partner from then on takes so long."""

    def arm(world: World, target: Target, random: Random) -> None:
        at_partner(world, "F4 before closed", target.post, "close_before_apply")
        at_partner(world, name, {"method": "GET"}, "answer_late", times=None, seconds=seconds)

    return arm


def at_a_bell(name: str, how: str) -> Arm:
    return lambda world, target, random: world.damage.fail_database(name, how, random.randint(1, 4), only=_BELL)


def cached_absence(world: World, target: Target, random: Random) -> None:
    """A cache answers in the partner's own words, of before the order was there, and the list of the client is as old.
    Lina has frozen the client: nothing is sent again, so whoever believes the cache ends what was paid."""
    at_partner(world, "F5 after closed", target.post, "close_after_apply")
    at_partner(world, "F35 list as old", target.listing, "read_lag", times=None, seconds=10**9)
    stale: dict[str, Any] = {"status": 404, "code": 404, "msg": "order not found", "headers": {"Age": "30"}}
    at_partner(world, "F35 cached 404", target.lookup, "envelope", times=None, **stale)
    _freeze_soon(world, target, random)


def cached_list(world: World, target: Target, random: Random) -> None:
    """CoinMENA's look-ups do not see the order for longer than Q + Q/5, and the list, which would, is a cache's."""
    at_partner(world, "F5 after closed", target.post, "close_after_apply")
    unseen: dict[str, Any] = {"times": None, "seconds": random.choice((500, 700, 900))}
    at_partner(world, "F35 cached list", target.lookup, "read_lag", **unseen)
    before = format_datetime(world.clock.true(), usegmt=True)
    kept = random.choice(({"Age": "0"}, {"Age": "30"}, {"Date": before}))
    at_partner(world, "F35 cached list", target.listing, "headers", times=None, set=kept)
    at_partner(world, "F35 cached list", target.listing, "read_lag", **unseen)
    _freeze_soon(world, target, random)


def _freeze_soon(world: World, target: Target, random: Random) -> None:
    client = next(one for one in world.clients if one.partner_client_id == target.client)
    world.plan(random.uniform(15, 60), "the client is frozen", lambda: freeze_client(world, client), is_fault=True)


def order_elsewhere(world: World, target: Target, random: Random) -> None:
    """An order made by nobody here comes into the client's books."""
    reference = random.choice((None, f"elsewhere-{random.randrange(10**9)}"))
    world.scripted.outside_orders.add(
        world.partner.place_order(target.client, "deposit", "USD", "12.34", reference=reference)
    )
    world.fired["F30 elsewhere"] += 1


def order_altered(world: World, target: Target, random: Random) -> None:
    """A completed order is changed by the partner, or vanishes, after we have heard of it."""
    how = random.choice(({"status": "failed"}, {"hidden": True}))
    world.plan(
        random.uniform(30, 300), "an order is altered", lambda: world.alter_order(target.reference, how), is_fault=True
    )


_OTHER_KEY: Final = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
_ECHOES: Final[dict[str, dict[str, Any]]] = {
    "other client": {"field": "client", "value": "somebody-else"},
    "other reference": {"field": "reference", "value": "dep-2026-00000000"},
    "no reference": {"field": "reference", "omit": True},
    "other asset": {"field": "asset", "value": "AED"},
    "other type": {"field": "type", "value": "buy"},
    "a hair more": {"field": "amount", "delta": "0.00000001"},
    "a hair less": {"field": "amount", "delta": "-0.00000001"},
    "wrong side": {"field": "side"},
}
#: Moments that no clock of ours can hold once they are put in another zone.
_MOMENTS: Final = ("0001-01-01T00:00:00+03:00", "9999-12-31T23:59:59-03:00")
_AMOUNTS: Final = (
    *("0E-8", "1E+3", "1e999999999", "1.0000000000000000001"),
    *("\u0661\u0660", "1_000", " 5 ", "NaN", "-1", "", "Infinity"),
)
_FORMS: Final = ("truncated", "duplicate_keys", "nan", "numbers", "bom", "not_an_object", "not_utf8", "empty", "html")
_RETRY_AFTER: Final = {
    "absent": {},
    "negative": {"Retry-After": "-1"},
    "endless": {"Retry-After": "1000000000"},
    "20 s": {"Retry-After": "20"},
    "a date": {"Retry-After": "Mon, 05 Jan 2099 08:00:00 GMT"},
}


def _all() -> list[Fault]:
    rows: list[Fault] = []

    def add(row: str, way: str, arm: Arm | Callable[[str], Arm], weight: int = 10) -> None:
        rows.append(Fault(row, way, arm, weight))  # type: ignore[arg-type]

    for point in (f"C{number}" for number in range(14)):
        add("F1", point, crash(Failpoint(point)), 6)
    for point in ("C5", "C8", "C9", "C12"):
        add("F1", f"{point} twice", crash(Failpoint(point), 2), 2)
    for point in ("C5", "C6", "C8", "C9", "C12"):
        add("stall", point, stall(Failpoint(point)), 4)
    for how in ("dns", "refused", "tls"):
        add("F2", how, on_line(f"F2 {how}", how), 6)
    add("F3", "connect timeout", on_line("F3 connect timeout", "connect_timeout"))
    for how in ("closed", "reset"):
        add("F4", f"before {how}", on_post(f"F4 before {how}", "close_before_apply", how=how))
        add("F5", f"after {how}", on_post(f"F5 after {how}", "close_after_apply", how=how))
    for at in (0, 10, 100):
        add("F5", f"cut at {at}", on_post(f"F5 cut at {at}", "cut_answer", at=at), 4)
    for seconds in (24, 26, 61):
        add("F6", f"{seconds} s", on_post(f"F6 {seconds} s", "answer_late", seconds=seconds), 4)
    for seconds in (7, 12, 24):
        add("F6", f"reads {seconds} s", slow_reads(f"F6 reads {seconds} s", seconds), 3)
    add("F6", "drips", on_post("F6 drips", "drip", seconds_per_byte=1.0), 4)
    add("F6", "hangs", on_line("F6 hangs", "hang"), 6)
    for verify in ("at_edge", "when_landing"):
        add("F7", f"verified {verify}", lands_late(f"F7 verified {verify}", verify), 12)
    for apply in (False, True):
        when = "after" if apply else "before"
        add("F8", when, on_post(f"F8 {when}", "envelope", status=500, apply=apply))
        for status in (502, 503, 504):
            name = f"F9 {when} {status}"
            add("F9", f"{when} {status}", on_post(name, "html", status=status, title=str(status), apply=apply), 4)
        for status in (301, 302, 307, 308):
            name = f"F20 {when} {status}"
            add("F20", f"{when} {status}", on_post(name, "redirect", status=status, apply=apply), 3)
    for way, headers in _RETRY_AFTER.items():
        add("F10", way, on_post(f"F10 {way}", "envelope", status=429, headers=headers), 3)
    add("F11", "once", on_post("F11 once", "envelope", status=401), 5)
    add("F11", "always", on_post("F11 always", "envelope", status=401, times=None), 4)
    add("F12", "is there already", order_there("F12 is there already"))
    add("F12", "out of sight", out_of_sight, 10)
    add("F13", "foreign", foreign_order("F13 foreign"), 5)
    add("F14", "not shown", order_there("F14 not shown", lag=True))
    add("F15", "on the second", short_of_funds_on_second)
    for kept_as in ("failed", "rejected", "pending", "on_hold"):
        add("F16", kept_as, on_post(f"F16 {kept_as}", "order_status", status=kept_as), 4)
    for way, echo in _ECHOES.items():
        add("F17", f"post {way}", on_post(f"F17 post {way}", "echo", **echo), 2)
        add("F17", f"lookup {way}", _lost_and(on_lookup(f"F17 lookup {way}", "echo", **echo)), 1)
    for moment in _MOMENTS:
        echo = {"field": "created_at", "value": moment}
        add("F17", f"post {moment}", on_post(f"F17 post {moment}", "echo", **echo), 2)
        add("F17", f"lookup {moment}", _lost_and(on_lookup(f"F17 lookup {moment}", "echo", times=5, **echo)), 2)
    for how in _FORMS:
        add("F18", f"post {how}", on_post(f"F18 post {how}", "broken", how=how), 2)
        add("F18", f"lookup {how}", _lost_and(on_lookup(f"F18 lookup {how}", "broken", times=5, how=how)), 2)
    add("F18", "deep", on_post("F18 deep", "broken", how="deep"), 1)
    add("F18", "gzip bomb", on_post("F18 gzip bomb", "gzip_bomb", bytes=9 * 1024 * 1024), 1)
    add("F18", "oversized", on_post("F18 oversized", "oversized", bytes=9 * 1024 * 1024), 1)
    for amount in _AMOUNTS:
        add("F19", repr(amount), on_post(f"F19 {amount!r}", "echo", field="amount", value=amount), 1)
    for apart in (5, -5, 59, -59, 61, -61, -3600, 6 * 3600):
        add("F22", f"{apart:+g} s", clocks_apart(apart), 2)
    for how in ("deadlock", "lock_timeout", "statement_timeout"):
        add("F23", how, database("F23", how), 6)
    for how in ("terminated", "commit_lost", "commit_failed"):
        add("F24", how, database("F24", how), 10)
    for row, how in (("F23", "lock_timeout"), ("F25", "disk_full")):
        add(row, f"{how} at a bell", at_a_bell(f"{row} {how} at a bell", how), 6)
    for how in ("disk_full", "read_only"):
        add("F25", how, database("F25", how), 6)
    for kind in _LIST_KINDS:
        add("F28", kind, on_list(f"F28 {kind}", kind), 2)
    add("F30", "elsewhere", order_elsewhere, 5)
    add("F31", "altered", order_altered, 5)
    add("F34", "other credentials", another_environment, 8)
    add("F35", "age", _lost_and(on_lookup("F35 age", "headers", times=None, set={"Age": "30"})), 4)
    add("F35", "304", _lost_and(on_lookup("F35 304", "envelope", times=20, status=304)), 4)
    add("F35", "no date", _lost_and(on_lookup("F35 no date", "headers", times=20, remove=["Date"])), 4)
    add("F35", "cached 404", cached_absence, 4)
    add("F35", "cached list", cached_list, 4)
    add(
        "F35",
        "gateway's 404",
        _lost_and(on_lookup("F35 gateway's 404", "html", times=None, status=404, title="404")),
        6,
    )
    add("F40", "audit insert", audit_insert("F40"), 6)
    return rows


def _lost_and(then: Arm) -> Arm:
    """Lose the answer as well, or nobody would look anything up."""

    def arm(world: World, target: Target, random: Random) -> None:
        kind = random.choice(("close_before_apply", "close_after_apply"))
        at_partner(world, "F4 before closed" if "before" in kind else "F5 after closed", target.post, kind)
        then(world, target, random)

    return arm


FAULTS: Final = tuple(_all())
_WEIGHTS: Final = [fault.weight for fault in FAULTS]


def draw(random: Random, how_many: int) -> list[Fault]:
    """Draw faults, the frequent ones more often."""
    return random.choices(FAULTS, weights=_WEIGHTS, k=how_many)
