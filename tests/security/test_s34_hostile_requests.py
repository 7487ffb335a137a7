"""No request, however hostile, ends in an error of ours, takes a second or grows the process (security.md S34).

A slice of what `make hostile` asks over HTTP; the same seed asks the same.
"""

import resource
from collections.abc import Callable
from itertools import islice

import pytest

from tests.security.browsers import Browser, Who, browsers_of, cast
from tests.security.hostile.in_process import InProcess
from tests.security.hostile.shots import Gunner, Target
from tests.security.hostile.targets import opener, targets
from tests.security.objects import everything

pytestmark = pytest.mark.usefixtures("db", "nobody_waits")
SLICE, SEEDS = 750, range(1, 3)
LONGEST_SECONDS, LARGEST_ANSWER, MOST_GROWTH_KB = 1.0, 5_000_000, 200_000


@pytest.fixture
def browsers(db: None) -> tuple[dict[Who, Browser], list[Target]]:
    people = cast()
    objects = everything(people[Who.REQUESTER])
    browsers = browsers_of(people)
    return browsers, list(targets(opener(browsers), objects))


@pytest.mark.parametrize("seed", SEEDS)
def test_s34_no_hostile_request_ends_in_an_error_of_ours(
    seed: int,
    browsers: tuple[dict[Who, Browser], list[Target]],
    record_property: Callable[[str, object], None],
) -> None:
    crowd, aims = browsers
    carrier = InProcess({who.value: browser.cookies for who, browser in crowd.items()})
    gunner = Gunner(aims, [who.value for who in Who], seed=seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    hits = [carrier.carry(shot) for shot in islice(gunner.shots(), SLICE)]
    record_property("hostile requests", len(hits))
    assert [f"{hit.status} {hit.shot}\n{hit.error}" for hit in hits if hit.status == 500 or hit.error] == []
    assert [str(hit.shot) for hit in hits if hit.seconds > LONGEST_SECONDS or hit.size > LARGEST_ANSWER] == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KB
