"""The sandbox behind a real socket: keep-alive, faults of the connection, the command line."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from backoffice.sandbox.command import main
from backoffice.sandbox.server import Server
from tests.sandbox.callers import Line, Partners

ROOT = Path(__file__).resolve().parents[2]
#: How long a busy machine may take over what must happen, in seconds.
PATIENCE = 60


def test_one_connection_carries_many_requests(online: Partners, line: Line) -> None:
    online.fund("one")
    first = line.connection.sock
    online.withdraw("two", "1")
    online.bitnob("/api/balances")

    assert line.connection.sock is first is not None


def test_every_answer_is_dated_by_the_sandboxs_clock(online: Partners) -> None:
    online.control("POST", "clock", {"offset_seconds": 86_400})

    ahead = parsedate_to_datetime(str(online.lookup("x").header("Date"))).timestamp() - time.time()

    assert 86_390 < ahead < 86_410


def test_the_journey_of_the_guide_over_http(online: Partners) -> None:
    assert online.fund("deposit-abc-123", "1000.00").json["result"]["status"] == "completed"
    assert online.available() == "23840.25"
    assert online.withdraw("withdrawal-abc-456", "500.00").json["result"]["status"] == "completed"
    assert online.lookup("deposit-abc-123").json["result"]["debit"] == "1000.00"
    listed = online.coinmena("GET", "/v1/partner/orders?partner_client_id=user_12345&page_size=100").json["items"]
    assert [item.get("partner_order_ref") for item in listed[-2:]] == ["deposit-abc-123", "withdrawal-abc-456"]


@pytest.mark.parametrize("kind", ["close_before_reading", "close_before_apply", "close_after_apply", "land_late"])
@pytest.mark.parametrize("how", ["closed", "reset"])
def test_the_connection_ends_without_an_answer(online: Partners, kind: str, how: str) -> None:
    online.fault({"kind": kind, "how": how}, method="POST")

    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        online.fund("r")

    assert (online.lookup("r").status == 200) is (kind == "close_after_apply")


@pytest.mark.parametrize(
    ("how", "error"), [("closed", http.client.RemoteDisconnected), ("reset", ConnectionResetError)]
)
def test_a_reset_is_told_apart_from_an_orderly_end(online: Partners, how: str, error: type[Exception]) -> None:
    online.fault({"kind": "close_after_apply", "how": how})

    with pytest.raises(ConnectionError) as ended:
        online.fund("r")

    # A disconnect without an answer is a kind of reset to http.client, so the very class is what tells.
    assert ended.type is error


def test_a_late_request_lands_by_itself(online: Partners) -> None:
    online.fault({"kind": "land_late", "seconds": 0.1}, reference="r")
    with pytest.raises(ConnectionError):
        online.fund("r")

    landed = [wait_for_landing(online)]

    assert landed == [200]


def wait_for_landing(online: Partners) -> Any:
    give_up_at = time.monotonic() + PATIENCE
    while time.monotonic() < give_up_at:
        (arrival,) = online.control("GET", "ledger?reference=r")["arrivals"]
        if arrival["landed_status"]:
            break
        time.sleep(0.02)
    return arrival["landed_status"]


def test_a_short_body_breaks_off(online: Partners) -> None:
    online.fault({"kind": "cut_answer", "at": 5})

    with pytest.raises(http.client.IncompleteRead) as broken:
        online.fund("r")

    assert broken.value.partial == b'{"res'


def test_a_drip_takes_its_time(online: Partners) -> None:
    online.fault({"kind": "drip", "seconds_per_byte": 0.005}, method="GET")
    start = time.monotonic()

    reply = online.lookup("none")

    assert time.monotonic() - start >= len(reply.body) * 0.005
    assert reply.json["code"] == 404


def test_latency_is_really_waited(online: Partners) -> None:
    online.control("POST", "latency", {"milliseconds": 50})
    start = time.monotonic()

    online.lookup("none")

    assert time.monotonic() - start >= 0.05


def test_an_oversized_body_really_comes(online: Partners) -> None:
    online.fault({"kind": "oversized", "bytes": 3_000_000})

    assert len(online.fund("r").body) > 3_000_000


def test_a_date_can_be_missing(online: Partners) -> None:
    online.fault({"kind": "headers", "remove": ["Date"]})

    assert online.lookup("none").header("Date") is None


def test_while_down_a_new_connection_is_refused_until_it_is_up(server: Server, online: Partners) -> None:
    online.control("POST", "down", {"seconds": 600})

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    online.control("POST", "down", {"seconds": 0})

    socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE).close()


def test_it_comes_up_again_by_itself(server: Server, online: Partners) -> None:
    online.control("POST", "down", {"seconds": 0.1})
    give_up_at = time.monotonic() + PATIENCE

    while not is_up(server):
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def is_up(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


def test_while_down_a_kept_connection_is_reset(online: Partners) -> None:
    online.control("POST", "down", {"seconds": 600})

    with pytest.raises(ConnectionError):
        online.fund("r")


def test_an_unreadable_length_ends_the_connection(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(b"POST /control/faults HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n")

        assert connection.recv(100) == b""


def race(server: Server, count: int, ask: Any) -> list[Any]:
    """Let `count` callers ask at the same moment, each over a connection of its own."""
    answers: list[Any] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        line = Line(server.port)
        partners = Partners(server.sandbox, line)
        barrier.wait()
        answers.append(ask(partners, number))
        line.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_reference_makes_one_order_however_many_ask(server: Server, online: Partners) -> None:
    online.control("POST", "latency", {"milliseconds": 50})  # long enough under way to meet the others
    for turn in range(5):
        answers = race(server, 8, lambda partners, number, turn=turn: partners.fund(f"same-{turn}", "1.00").status)
        assert Counter(answers) == {200: 1, 409: 7}

    assert online.available() == "22845.25"
    assert any(arrival["overlapping"] for arrival in online.control("GET", "ledger")["arrivals"])


def test_one_balance_is_spent_once_however_many_ask(server: Server, online: Partners) -> None:
    answers = race(server, 8, lambda partners, number: partners.withdraw(f"wd-{number}", "10000.00").status)

    assert Counter(answers) == {200: 2, 400: 6}
    assert online.available() == "2840.25"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_alone_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "backoffice.sandbox", "--port", "0", "--state", str(tmp_path / "state.sqlite3")]
    environment = {name: text for name, text in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    with subprocess.Popen(
        [*command, "--history", "small", "--seed", "3", "--latency-ms", "1"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        announced = process.stdout.readline()
        port = re.search(r"http://127\.0\.0\.1:(\d+) ", announced)
        assert port, announced
        with socket.create_connection(("127.0.0.1", int(port[1])), timeout=PATIENCE):
            process.send_signal(number)
            _, errors = process.communicate(timeout=PATIENCE)

    assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_named(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", str(server.port)]) == 1
    assert f"port {server.port}" in capsys.readouterr().err


def test_it_imports_neither_django_nor_anything_else_of_ours() -> None:
    program = (
        "import sys, backoffice.sandbox.command as c;"
        "print([m for m in sys.modules if m.split('.')[0] in ('django', 'requests', 'pydantic')"
        " or (m.startswith('backoffice.') and not m.startswith('backoffice.sandbox'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
