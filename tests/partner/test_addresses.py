"""Which addresses a partner may have, and what may become part of one."""

import pytest

from backoffice.partner.addresses import AddressRefused, may_connect, parse_base_url, path_segment
from backoffice.partner.errors import InvalidIdentifier
from tests.partner.cast import bitnob_config, coinmena_config


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://external-api.coinmena.com", "https://external-api.coinmena.com"),
        ("https://external-api.coinmena.com/", "https://external-api.coinmena.com"),
        ("https://EXTERNAL-api.coinmena.com:8443", "https://external-api.coinmena.com:8443"),
        ("http://127.0.0.1:8301", "http://127.0.0.1:8301"),
        ("http://localhost:8301", "http://localhost:8301"),
        ("http://[::1]:8301", "http://[::1]:8301"),
    ],
)
def test_it_takes_https_and_this_machine(url: str, kept: str) -> None:
    assert str(parse_base_url(url)) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "external-api.coinmena.com",
        "http://external-api.coinmena.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@external-api.coinmena.com",
        "https://external-api.coinmena.com/v2",
        "https://external-api.coinmena.com/?x=1",
        "https://external-api.coinmena.com/#x",
        "https://external-api.coinmena.com:port",
        "https://[::1",
    ],
)
def test_it_refuses_any_other_address_when_the_settings_are_read(url: str) -> None:
    with pytest.raises(AddressRefused):
        coinmena_config(url)
    with pytest.raises(AddressRefused):
        bitnob_config(url)


@pytest.mark.parametrize(
    ("host", "resolved", "allowed"),
    [
        ("api.bitnob.com", "104.18.2.3", True),
        ("api.bitnob.com", "2606:4700::1", True),
        ("api.bitnob.com", "127.0.0.1", False),
        ("api.bitnob.com", "10.1.2.3", False),
        ("api.bitnob.com", "192.168.0.1", False),
        ("api.bitnob.com", "169.254.169.254", False),
        ("api.bitnob.com", "fe80::1%eth0", False),
        ("api.bitnob.com", "::1", False),
        ("localhost", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("localhost", "104.18.2.3", False),
        ("127.0.0.1", "127.0.0.1", True),
    ],
)
def test_a_name_may_not_lead_into_a_private_range(host: str, resolved: str, allowed: bool) -> None:
    assert may_connect(host, resolved) is allowed


@pytest.mark.parametrize(
    ("identifier", "segment"),
    [
        ("user_12345", "user_12345"),
        ("a/b?c#d e", "a%2Fb%3Fc%23d%20e"),
        ("../admin", "..%2Fadmin"),
        ("100%", "100%25"),
        ("Zoë", "Zo%C3%AB"),
        ("\x00\r\n", "%00%0D%0A"),
    ],
)
def test_an_identifier_stays_one_segment(identifier: str, segment: str) -> None:
    assert path_segment(identifier) == segment


@pytest.mark.parametrize("identifier", ["", ".", "..", "x" * 201, "\ud800"])
def test_an_identifier_that_would_not_arrive_is_not_asked_for(identifier: str) -> None:
    with pytest.raises(InvalidIdentifier, match="cannot be asked about this identifier"):
        path_segment(identifier)
