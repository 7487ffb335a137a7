"""``make hostile``: thousands of hostile requests at every address of a running demo, over HTTP, as everybody.

It starts a demo of its own in a folder of its own, and ends it. Exit code 1: an answer of 500, none at all, one that
took a second, or a process that grew.
"""

import argparse
import os
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import django
import psutil

from tests.browser import stack as stacks
from tests.security.hostile.hits import Hit
from tests.security.hostile.over_http import OverHttp
from tests.security.hostile.shots import Gunner

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
    hits: list[Hit] = []
    sizes = [memory_of(server)]
    while len(hits) < count:
        hits.extend(carrier.carry(shot) for shot in islice(shots, min(ROUND, count - len(hits))))
        sizes.append(memory_of(server))
        say(f"{len(hits):,} of {count:,}, the web server holds {sizes[-1] // 1024**2} MB")
    return judge(hits, sizes)


def judge(hits: list[Hit], sizes: list[int]) -> int:
    """Say what came back, and whether it is what should."""
    broken = [hit for hit in hits if hit.status == 500]
    slow = [hit for hit in ours(hits) if hit.seconds >= MOST_SECONDS]
    slowest, longest = (max(some, key=lambda hit: hit.seconds) for some in (ours(hits), hits))
    say(f"\n{len(hits):,} requests at {len({hit.shot.target.split('?')[0] for hit in hits}):,} addresses")
    say("Answers: " + ", ".join(f"{n:,} × {status or 'hung up'}" for status, n in statuses(hits)))
    say(f"Slowest: {slowest.seconds:.3f} s ({slowest.shot})")
    say(f"Slowest of those that ask a partner first: {longest.seconds:.3f} s ({longest.shot.address})")
    say(f"Memory: {sizes[0] // 1024**2} MB before, {max(sizes) // 1024**2} MB at most, {sizes[-1] // 1024**2} MB after")
    for hit in (*broken, *slow):
        say(f"WRONG {hit.status} after {hit.seconds:.3f} s: {hit.shot}")
    grew = max(sizes) - sizes[0] > MOST_GROWTH
    return 1 if broken or slow or grew else 0


def ours(hits: list[Hit]) -> list[Hit]:
    """Those that depend on nobody else. The others wait for a partner, by deadlines of their own."""
    return [hit for hit in hits if hit.shot.address not in ASKS_A_PARTNER]


def statuses(hits: list[Hit]) -> list[tuple[int, int]]:
    return sorted(Counter(hit.status for hit in hits).items())


def web_server(port: int) -> list[psutil.Process]:
    """The processes that listen at the demo's port."""
    listening = {one.pid for one in psutil.net_connections("tcp4") if one.status == "LISTEN" and one.laddr.port == port}
    return [psutil.Process(pid) for pid in listening if pid]


def memory_of(server: list[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in server if process.is_running())


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (a command line talks to the person who typed it)


if __name__ == "__main__":
    sys.exit(main())
