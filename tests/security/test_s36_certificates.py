"""Nothing is sent to whom no authority vouches for, or for another name, or for another day (security.md S36)."""

import re
import socket
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backoffice.partner.clock import SystemClock
from backoffice.partner.exchange import Exchange, Fault
from backoffice.partner.http import Authorization, Transport
from backoffice.partner.limits import NoLimit
from tests.security.authority import DAY, Authority, serving

ROOT = Path(__file__).resolve().parents[2]
#: How a client is told to look away, in the words of any library there is.
SWITCHES = re.compile(
    r"verify\s*=\s*(?!True)\w|CERT_NONE|_create_unverified|check_hostname\s*=|disable_warnings|InsecureR"
)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Trusted here, as those that the product's libraries bring along."""
    made = Authority(tmp_path)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(made.root))
    return made


def sign(_method: str, _target: str, _body: bytes) -> Authorization:
    return Authorization({"X-Signature": "top-secret"}, 1737654321000)


def pay(url: str) -> Exchange:
    partner = Transport(
        "coinmena", url, deadline_seconds=10, clock=SystemClock(), limiter=NoLimit(), max_answer_bytes=1000
    )
    return partner.write("POST", "/v1/x", b'{"amount":"1.00"}', sign)


def test_s36_the_right_certificate_is_spoken_to(authority: Authority) -> None:
    with serving(authority.certify("localhost")) as partner:
        assert (pay(partner.url).status, len(partner.heard)) == (200, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "partner.example.com"},
        {"host": "localhost.example.com"},
        {"host": "127.0.0.2"},
        {"host": "localhost", "begins": -2 * DAY, "ends": -timedelta(minutes=1)},
        {"host": "localhost", "begins": timedelta(hours=1), "ends": DAY},
    ],
    ids=["another host", "a longer name", "another number", "expired", "not yet valid"],
)
def test_s36_a_wrong_certificate_is_told_nothing(authority: Authority, wrong: dict[str, Any]) -> None:
    with serving(authority.certify(**wrong)) as partner:
        exchange = pay(partner.url)
    assert (exchange.fault, exchange.bytes_may_have_been_sent, partner.heard) == (Fault.TLS, False, [])


def test_s36_an_authority_nobody_trusts_is_told_nothing(tmp_path: Path) -> None:
    with serving(Authority(tmp_path).certify("localhost")) as partner:
        exchange = pay(partner.url)
    assert (exchange.fault, exchange.bytes_may_have_been_sent, partner.heard) == (Fault.TLS, False, [])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_s36_a_partner_that_speaks_old_tls_only_is_told_nothing(authority: Authority) -> None:
    with serving(authority.certify("localhost"), ssl.TLSVersion.TLSv1_1) as partner:
        assert speaks_old_tls(partner.url, authority.root), "whoever takes it would be spoken to"
        exchange = pay(partner.url)
    assert (exchange.fault, exchange.bytes_may_have_been_sent, partner.heard) == (Fault.TLS, False, [])


def speaks_old_tls(url: str, root: Path) -> bool:
    """Whether a client that takes any version gets through; it says nothing."""
    context = ssl.create_default_context(cafile=root)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    port = int(url.rpartition(":")[2])
    line = socket.create_connection(("127.0.0.1", port), 5)
    with context.wrap_socket(line, server_hostname="localhost") as safe:
        return safe.version() == "TLSv1.1"


def test_s36_no_switch_turns_it_off() -> None:
    sources = sorted((ROOT / "backoffice").rglob("*.py"))
    assert [str(path.relative_to(ROOT)) for path in sources if SWITCHES.search(path.read_text())] == []


def test_s36_the_search_for_switches_knows_one_when_it_sees_it() -> None:
    for switch in ("verify=False", "verify = settings.X", "ssl.CERT_NONE", "ssl._create_unverified_context()"):
        assert SWITCHES.search(switch), switch
    assert not SWITCHES.search("verify=True")
