"""No secret is in a pack, whatever a partner sends back; nothing else of an answer is changed (security.md S26)."""

import base64

import pytest
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.funding.timeline import REDACTED as SIGNATURE
from backoffice.reconciliation.packs.redaction import redacted
from tests.reconciliation.packs import world
from tests.reconciliation.packs.world import files_in
from tests.security.test_s26_canaries import CANARIES, SEED, found_in

SIGNED = base64.b64encode(b"s" * 64).decode()
OTHERS = {"seed": SEED.decode(), "seed in hexadecimal": SEED.hex(), "signature": SIGNED, "nonce": "canary-basic-9f"}


@pytest.fixture
def echo(settings: Settings) -> bytes:
    """An answer of a partner that sends everything back it was sent, and more."""
    for name, secret in CANARIES.items():
        setattr(settings, name, secret)
    secrets = "".join(f'"said-{n}": "{text}", ' for n, text in enumerate([*CANARIES.values(), SEED.hex()]))
    headers = f'"X-Signature": "{SIGNED}", "headers": "authorization: Basic {OTHERS["nonce"]}"'
    return f'{{{secrets}{headers}, "amount": 499.50, "seed": "{SEED.decode()}"}}'.encode()


def test_s26_no_pack_holds_a_secret(db: None, echo: bytes, maya: Person, omar: Person, vera: Person) -> None:
    item = world.odd(maya, echo)
    world.in_review(maya)
    world.closed_day(item, maya, omar)
    browser = Browser()
    browser.force_login(vera)
    addresses = [
        "/reconciliation/packs/operations/dep-odd/",
        f"/reconciliation/packs/exceptions/{item.pk}/",
        f"/reconciliation/days/{item.day}/reports/1/pack/",
    ]
    for address in addresses:
        files = files_in(browser.post(address))
        texts = {name: content.decode("utf-8", "replace") for name, content in files.items()}
        told = {name: found_in(text, {**CANARIES, **OTHERS}) for name, text in texts.items()}
        assert {name: names for name, names in told.items() if names} == {}
        exchanged = [text for name, text in texts.items() if name.startswith("exchanges/")]
        assert any(f"X-Signature: {SIGNATURE}" in text for text in exchanged)
        assert any("[redacted]" in text and '"amount": 499.50' in text for text in exchanged)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('{"X-Signature": "abc", "id": 1}', '{"X-Signature": [redacted], "id": 1}'),
        ('{"signature": "a\\"b", "id": 1}', '{"signature": [redacted], "id": 1}'),
        ("X-Signature: abc+/=\nX-Timestamp: 5", "X-Signature: [redacted]\nX-Timestamp: 5"),
        ("Authorization: Basic abc\nDate: now", "Authorization: [redacted]\nDate: now"),
        ('{"client_secret":"abc"}', '{"client_secret":[redacted]}'),
        ('{"api_key": "abc", "api-key": "def"}', '{"api_key": [redacted], "api-key": [redacted]}'),
        ("Set-Cookie: sid=1; path=/", "Set-Cookie: [redacted]"),
        ('{"refreshToken": "abc", "id": 1}', '{"refreshToken": [redacted], "id": 1}'),
        ('{"token": "USDT", "idToken":"x"}', '{"token": "USDT", "idToken":[redacted]}'),
        ("sent with Bearer abcdefgh12345, refused", "sent with Bearer [redacted], refused"),
        ('{"t": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "id": 1}', '{"t": "[redacted]", "id": 1}'),
        (f"X-Signature: {SIGNATURE}", f"X-Signature: {SIGNATURE}"),
        ('{"amount": "1000.00", "id": 7}', '{"amount": "1000.00", "id": 7}'),
        ('{"token": "USDT", "note": "a secret garden"}', '{"token": "USDT", "note": "a secret garden"}'),
        ("", ""),
    ],
)
def test_what_opens_something_is_taken_out_and_nothing_else(said: str, kept: str) -> None:
    assert redacted(said) == kept
