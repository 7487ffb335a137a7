"""``make hostile``: thousands of hostile requests at every address of a running demo, over HTTP, as everybody.

It starts a demo of its own in a folder of its own, and ends it. What took a second is asked again alone, thrice: a
machine that does other work makes anything slow. Exit code 1: an answer of 500, none at all, one that takes a second
alone as well, or a process that grew.
"""

import argparse
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import django
import psutil

from tests.browser import stack as stacks
from tests.security.hostile.hits import Hit
from tests.security.hostile.over_http import OverHttp
from tests.security.hostile.shots import Gunner, Shot

MOST_SECONDS, MOST_GROWTH = 1.0, 200 * 1024 * 1024
ROUND = 500
#: Where somebody has a partner asked now, and waits for the answer and for our own limit on asking.
ASKS_A_PARTNER = {
    *("funding:check", "funding:preview", "approvals:preview", "approvals:approve", "clients:detail"),
    *("clients:balances", "orders:look_up", "orders:read_again", "transactions:look_up", "transactions:read_again"),
}
#: Beyond this the web server itself hangs up; some shots are meant to find that out.
LONGEST = 6_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="make hostile", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="backoffice-hostile-") as name, stacks.running(Path(name)) as stack:
        settle_into(Path(name))
        return fire(stack.port, arguments.requests, arguments.seed)


def settle_into(folder: Path) -> None:
    """Take the demo's settings for this process, so that it can sign people in."""
    pairs = (line.split("=", 1) for line in (folder / "environment").read_text().splitlines())
    os.environ.update({**dict(pairs), "DJANGO_SETTINGS_MODULE": "backoffice.settings", "LOG_LEVEL": "CRITICAL"})
    django.setup()


def fire(port: int, count: int, seed: int) -> int:
    from tests.security.hostile.demo import crowd_and_targets  # the models can be asked only from now on

    crowd, aims = crowd_and_targets()
    carrier, server = OverHttp(port, crowd.cookies, crowd.sign_in), web_server(port)
    shots = Gunner(aims, list(crowd.cookies), seed=seed, longest=LONGEST).shots()
    log = Log([memory_of(server)])
    while len(log.hits) < count:
        for shot in islice(shots, min(ROUND, count - len(log.hits))):
            log.add(shot, carrier.carry(shot))
        log.sizes.append(memory_of(server))
        say(f"{len(log.hits):,} of {count:,}: {megabytes(log.sizes[-1])} of memory, load {os.getloadavg()[0]:.1f}")
    return judge(log, [(hit, alone(carrier, shot)) for shot, hit in log.slow])


@dataclass
class Log:
    """All answers in short, the slow ones with the whole of what was asked, and the server's bytes after each round."""

    sizes: list[int]
    hits: list[Hit] = field(default_factory=list)
    slow: list[tuple[Shot, Hit]] = field(default_factory=list)

    def add(self, shot: Shot, hit: Hit) -> None:
        self.hits.append(hit)
        if hit.seconds >= MOST_SECONDS and depends_on_nobody(hit):
            self.slow.append((shot, hit))


def alone(carrier: OverHttp, shot: Shot) -> float:
    """The least seconds it takes when asked again, thrice."""
    return min(carrier.carry(shot).seconds for _ in range(3))


def judge(log: Log, again: list[tuple[Hit, float]]) -> int:
    """Say what came back, and whether it is what should."""
    broken = [hit for hit in log.hits if hit.status == 500]
    slow = [hit for hit, seconds in again if seconds >= MOST_SECONDS]
    say_all(log.hits)
    say("Memory of the web server: {} before, {} at most, {} after".format(*map(megabytes, span(log.sizes))))
    for hit, seconds in again:
        say(f"SLOW {hit.seconds:.3f} s, alone {seconds:.3f} s: {hit.status} {hit.shot}")
    for hit in broken:
        say(f"WRONG {hit.status} after {hit.seconds:.3f} s: {hit.shot}")
    grew = max(log.sizes) - log.sizes[0] > MOST_GROWTH
    return 1 if broken or slow or grew else 0


def say_all(hits: list[Hit]) -> None:
    own, others = ([hit for hit in hits if depends_on_nobody(hit) is wanted] for wanted in (True, False))
    say(f"\n{len(hits):,} requests at {len({hit.shot.target.split('?')[0] for hit in hits}):,} addresses")
    say("Answers: " + ", ".join(f"{n:,} × {status or 'hung up'}" for status, n in statuses(hits)))
    for title, some in (("Slowest", own), ("Slowest of those that ask a partner first", others)):
        if slowest := max(some, key=lambda hit: hit.seconds, default=None):
            say(f"{title}: {slowest.seconds:.3f} s ({slowest.shot})")


def span(sizes: list[int]) -> tuple[int, int, int]:
    return sizes[0], max(sizes), sizes[-1]


def megabytes(size: int) -> str:
    return f"{size // 1024**2} MB"


def depends_on_nobody(hit: Hit) -> bool:
    """Whether the product answers by itself. The others wait for a partner, by deadlines of their own."""
    return hit.shot.address not in ASKS_A_PARTNER


def statuses(hits: list[Hit]) -> list[tuple[int, int]]:
    return sorted(Counter(hit.status for hit in hits).items())


def web_server(port: int) -> list[psutil.Process]:
    """The processes that listen at the demo's port: the one that began, and its workers, who share the socket."""
    return [process for process in psutil.process_iter() if listens(process, port)]


def listens(process: psutil.Process, port: int) -> bool:
    try:
        return any(one.status == "LISTEN" and one.laddr.port == port for one in process.net_connections("tcp4"))
    except psutil.Error:  # it has ended, or is somebody else's
        return False


def memory_of(server: list[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in server if process.is_running())


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (a command line talks to the person who typed it)


if __name__ == "__main__":
    sys.exit(main())
