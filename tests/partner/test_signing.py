"""Every worked example of both contracts."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from backoffice.partner.bitnob import signing as bitnob
from backoffice.partner.coinmena import signing as coinmena
from backoffice.partner.coinmena.config import InvalidPrivateKey, load_private_key
from tests.partner.cast import SEED, bitnob_config, coinmena_config

GET_BALANCES = (1737654322000, "GET", "/v1/partner/balances?partner_client_id=user_12345", b"")
POST_DEPOSIT = (
    1737654321000,
    "POST",
    "/v1/partner/deposits",
    b'{"partner_client_id":"user_12345","asset_id":"USD","amount":"1000.00","partner_order_ref":"dep-2f6c1b7e"}',
)
PUT_ACTIVATION = (1737654328000, "PUT", "/v1/partner/clients/user_12345/activation", b'{"active":true}')

VECTORS = [
    (
        "\n",
        False,
        GET_BALANCES,
        "0wCc0+uIuWVnBjOmkSJhhUUm4UuHbEv7q8h4DtLMjaTt4L8h5/H8WC0a5pPDs0Jc8z9D+S3bK1++tdnDz0XNCQ==",
    ),
    (
        "\n",
        False,
        POST_DEPOSIT,
        "EznkirwueS125cQ/dTgf13kQ0Pg4BrpBhlQBq10uVlCHRURoncNTeizS3nsiTWuEjvt6E6HNQjwxYuNan4ETCw==",
    ),
    (
        "\n",
        False,
        PUT_ACTIVATION,
        "Gfa8SjQupHCM+Af3joS+3PBF0eWJVsMXsq6DqQci7G5Z1JzMxWB4eU+K6GbHiFjQDhkrIt1giIPTtpeHTjj0Dg==",
    ),
    (
        "\n",
        True,
        GET_BALANCES,
        "uc/Q9TgsZCHdemAgvuASFhPLLS9Ajmtb7WfxGvTx0DHRJF0r2WhVsZCt0vhvLxKTgUEUyNB87+3tCqxwJI1mAA==",
    ),
    (
        "\n",
        True,
        POST_DEPOSIT,
        "EznkirwueS125cQ/dTgf13kQ0Pg4BrpBhlQBq10uVlCHRURoncNTeizS3nsiTWuEjvt6E6HNQjwxYuNan4ETCw==",
    ),
    (
        "",
        False,
        GET_BALANCES,
        "mEOnW1YL11yzsAx0Ii26Y32mURx9O/tqwJC9A84ZnsmM1y/ekx25GPvDGdRC6wlSxTiZ+vwxAQAoaAyKWqp8Bw==",
    ),
    (
        "",
        False,
        POST_DEPOSIT,
        "2ly7H65IKp8gzMqaqhz1R70S7Xma8kGHggo3ii8s0GQFSnxPHmxUcsBYQfYs77SrO4npy68eQFmqOmPwLKy0CQ==",
    ),
    (
        "",
        True,
        GET_BALANCES,
        "JPmOE1vCYZdeHgjr791sEsp6sNVxOSqSyrHi2AfvTLe9JGM/xtHJxnJTMnBK03BzZwfJZHEUV9YZU3ifE0VjDA==",
    ),
    (
        "",
        True,
        POST_DEPOSIT,
        "2ly7H65IKp8gzMqaqhz1R70S7Xma8kGHggo3ii8s0GQFSnxPHmxUcsBYQfYs77SrO4npy68eQFmqOmPwLKy0CQ==",
    ),
]


@pytest.mark.parametrize(("separator", "include_query", "request_", "signature"), VECTORS)
def test_coinmena_signatures_match_the_worked_examples(
    separator: str, include_query: bool, request_: tuple[int, str, str, bytes], signature: str
) -> None:
    config = coinmena_config(separator=separator, include_query=include_query)

    signed = coinmena.sign(config, *request_)

    assert signed.headers == {
        "X-Partner-ID": "partner-1",
        "X-Timestamp": str(request_[0]),
        "X-Signature": signature,
    }
    assert signed.timestamp_ms == request_[0]


def test_coinmena_signs_the_documented_text() -> None:
    assert coinmena.canonical_text(coinmena_config(), *GET_BALANCES) == (
        "1737654322000\nGET\n/v1/partner/balances\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert coinmena.canonical_text(coinmena_config(), *POST_DEPOSIT).endswith(
        "\nb10eee557a728dc609dbc85200c43b030438cd4e55f42d3a09c2ac9a804ea337"
    )
    assert coinmena.canonical_text(coinmena_config(), *PUT_ACTIVATION).endswith(
        "\nbbd02bf9a14d02d41f6b78dd36c79838d910f5a22937722109bf0035254b62f8"
    )


def test_coinmena_is_signed_in_milliseconds_one_second_behind() -> None:
    now = datetime(2025, 1, 23, 17, 45, 21, 500_000, tzinfo=UTC)

    assert coinmena.timestamp_of(now.timestamp()) == 1737654320500


@pytest.mark.parametrize(
    "written",
    [
        SEED,
        SEED.hex(),
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "\n AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= \n",
        Ed25519PrivateKey.from_private_bytes(SEED)
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode(),
        Ed25519PrivateKey.from_private_bytes(SEED)
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
        .replace("\n", "\\n"),
    ],
)
def test_the_private_key_may_be_written_in_several_ways(written: str | bytes) -> None:
    public = load_private_key(written).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    assert public.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "secret-but-wrong",
        b"short",
        "-----BEGIN PRIVATE KEY-----\nsecret-but-wrong\n-----END PRIVATE KEY-----",
        X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    ],
    ids=["empty", "text", "bytes", "no key inside", "a key of another kind"],
)
def test_a_private_key_that_cannot_be_used_is_refused_without_repeating_it(written: str | bytes) -> None:
    with pytest.raises(InvalidPrivateKey) as refused:
        load_private_key(written)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("client_id", "secret", "timestamp", "nonce", "body", "signature"),
    [
        (
            "11111111-2222-4333-8444-555555555555",
            "sandbox_test_secret_000102030405",
            1737654322,
            "000102030405060708090a0b0c0d0e0f",
            b"",
            "f28b136e2cd1c2417974d16bb4b84c242087890005598ec2d86571c8cb56e4ff",
        ),
        (
            "11111111-2222-4333-8444-555555555555",
            "sandbox_test_secret_000102030405",
            1737654323,
            "101112131415161718191a1b1c1d1e1f",
            b'{"to_address":"T-TEST-ADDRESS-0001","amount":"2000000","currency":"USDT","chain":"tron",'
            b'"reference":"wd_20260105_a41f9c","description":"Vendor settlement"}',
            "a3c625a2e2b19847646465e3cd60b37868940134c1665261fac1c91d1d48eb72",
        ),
        (
            "client_test",
            "secret_test",
            1711020000,
            "abcdef0123456789abcdef0123456789",
            b'{"email":"john.doe@example.com","first_name":"John"}',
            "46ec3f628da36f918b9c73eb4b0039190e5f636873ceab75ff0a342df715b37d",
        ),
    ],
)
def test_bitnob_signatures_match_the_worked_examples(
    client_id: str, secret: str, timestamp: int, nonce: str, body: bytes, signature: str
) -> None:
    config = replace(bitnob_config(), client_id=client_id, client_secret=secret)

    signed = bitnob.sign(config, timestamp, nonce, body)

    assert signed.headers == {
        "X-Auth-Client": client_id,
        "X-Auth-Timestamp": str(timestamp),
        "X-Auth-Nonce": nonce,
        "X-Auth-Signature": signature,
    }
    assert signed.timestamp_ms == timestamp * 1000


def test_bitnob_gets_a_fresh_nonce_of_32_hexadecimal_digits_each_time() -> None:
    nonces = {bitnob.new_nonce() for _ in range(100)}

    assert len(nonces) == 100
    assert all(len(bytes.fromhex(nonce)) == 16 for nonce in nonces)


def test_no_secret_shows_when_a_configuration_or_a_signature_is_printed() -> None:
    shown = repr((coinmena_config(), bitnob_config(), coinmena.sign(coinmena_config(), *GET_BALANCES)))

    assert "sandbox_test_secret" not in shown
    assert "PrivateKey" not in shown
    assert "0wCc0" not in shown


def test_an_environment_is_an_address_and_an_account() -> None:
    here = coinmena_config()

    assert here.environment == coinmena_config("https://external-api.coinmena.com/").environment
    assert here.environment != coinmena_config("https://sandbox.coinmena.com").environment
    assert here.environment != replace(here, partner_id="partner-2").environment
