"""What a browser or a proxy says of where this site is (security.md S17)."""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from backoffice.accounts.context import address_of
from backoffice.demo.processes import answers, free_port
from tests.security.browsers import Who
from tests.security.pages import Site

HOSTS = ("evil.example", "127.0.0.1.evil.example", "evil.example:80", "127.0.0.1@evil.example", "", "[::1", "a" * 300)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("who", [Who.STRANGER, Who.FINANCE])
def test_s17_another_host_is_refused(site: Site, host: str, who: Who) -> None:
    assert site.browsers[who].ask("GET", "/accounts/login/", Host=host).status_code == 400


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server", "Forwarded"])
def test_s17_no_other_header_names_the_host(site: Site, name: str) -> None:
    answer = site.browsers[Who.FINANCE].ask("GET", "/", **{name: "evil.example"})
    assert answer.status_code == 200
    assert b"evil.example" not in answer.content  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override"])
def test_s17_no_header_changes_what_is_asked(site: Site, name: str) -> None:
    answer = site.browsers[Who.FINANCE].ask("GET", "/orders/", **{name: "/audit/"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("proxies", "said", "believed"),
    [
        (0, "1.1.1.1", "127.0.0.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "1.1.1.1", "127.0.0.1"),
        (1, "x", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_s17_only_our_own_proxies_say_who_asks(
    settings: Settings, site: Site, proxies: int, said: str, believed: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    answer = site.browsers[Who.STRANGER].ask("GET", "/accounts/login/", **{"X-Forwarded-For": said})
    assert address_of(answer.wsgi_request) == believed  # type: ignore[attr-defined]


# The web server, as docs/operations.md starts it --------------------------------------------------------------------

ECHO = """
def application(environ, start_response):
    body = "\\n".join(sorted(name for name in environ if name.startswith("HTTP_"))).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
GUNICORN = ("-m", "gunicorn", "echo:application", "--worker-class", "gthread", "--threads", "2", "--no-control-socket")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """gunicorn itself, in front of something that says which headers came through."""
    folder, port = tmp_path_factory.mktemp("echo"), free_port()
    (folder / "echo.py").write_text(ECHO)
    process = start(folder, port)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def start(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, *GUNICORN, "--bind", f"127.0.0.1:{port}", "--log-level", "critical"]
    process = subprocess.Popen(command, cwd=folder)
    while not answers(port, "/") and process.poll() is None:
        pass
    return process


def said_to(port: int, *lines: str) -> bytes:
    """Send a request letter by letter and return all that comes back before the server hangs up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.connect()
    connection.sock.sendall("\r\n".join(lines).encode("latin-1"))
    connection.sock.shutdown(1)
    parts = list(iter(lambda: connection.sock.recv(65_536), b""))
    connection.close()
    return b"".join(parts)


CHUNKED = "Transfer-Encoding: chunked"
POST, GET = ("POST / HTTP/1.1", "Host: x"), ("GET / HTTP/1.1", "Host: x")
SMUGGLED = {
    "two lengths": (*POST, "Content-Length: 5", "Content-Length: 6", "", "abcde"),
    "a length and chunks": (*POST, "Content-Length: 4", CHUNKED, "", "0", "", *GET, "", ""),
    "an unknown encoding": (*POST, "Transfer-Encoding: xchunked", "", "0", "", ""),
    "chunks twice": (*POST, CHUNKED, "Transfer-Encoding: identity", "", "0", "", ""),
    "a blank before the colon": ("GET / HTTP/1.1", "Host : x", "", ""),
    "a folded line": (*GET, "X-A: b", " c", "", ""),
    "a negative length": (*POST, "Content-Length: -1", "", ""),
    "a bare line feed in a name": (*GET, "X\nA: b", "", ""),
}


@pytest.mark.parametrize("way", SMUGGLED)
def test_s17_no_second_request_hides_in_the_first(server: int, way: str) -> None:
    answer = said_to(server, *SMUGGLED[way])
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b" 200 OK" not in answer.split(b"\r\n")[0]


def test_s17_a_header_with_an_underscore_never_passes_for_another(server: int) -> None:
    answer = said_to(server, "GET / HTTP/1.1", "Host: x", "X_Forwarded_For: 6.6.6.6", "X-Request-ID: 1", "", "")
    assert b"HTTP_X_REQUEST_ID" in answer
    assert b"HTTP_X_FORWARDED_FOR" not in answer


@pytest.mark.parametrize("line", ["GET /" + "a" * 9_000, "GET / HTTP/9.9\r\nX: "])
def test_s17_a_line_that_is_none_is_refused_before_us(server: int, line: str) -> None:
    assert b" 200 OK" not in said_to(server, f"{line} HTTP/1.1", "Host: x", "", "")
