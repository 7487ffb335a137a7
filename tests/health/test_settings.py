"""Contradictions between settings stop the start with a sentence, in the web server too (DESIGN.md §11, S40)."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django.fixtures import Settings

from backoffice.checks import refuse_contradictions

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "SECRET_KEY": "Zk3v9QmT7wLx2RbNc8YpHs5DfGj1Ua4EoVi6XtKzMnBqWrCy0lPe",
    "DEBUG": "false",
    "DEMO": "false",
    "ALLOWED_HOSTS": "office.example.com",
    "PUBLIC_URL": "https://office.example.com",
    "EMAIL_URL": "smtp+tls://mail.example.com:587",
    "COINMENA_BASE_URL": "https://partner.example.com",
    "BITNOB_BASE_URL": "https://partner.example.com",
    "BITNOB_ENVIRONMENT": "live",
    "BITNOB_CLIENT_SECRET": "a-secret-of-production",
    "AUDIT_SEAL_KEY": "YS1zZWFsLWtleS1mb3ItdGhlLXRlc3RzLWFsb25lLTA=",
    "AUDIT_SEAL_DIRECTORY": "/mnt/seals",
}


ADDRESSES = ("COINMENA_BASE_URL", "BITNOB_BASE_URL")


def unusable(name: str) -> list[tuple[dict[str, Any], str]]:
    """Return addresses that no partner can have, each with what is said of it."""
    addresses = {
        "https://partner.example.com/v1": "The partner's address is scheme and host only",
        "https://partner.example.com:port": "The partner's address is not a URL.",
        "https://[::1": "The partner's address is not a URL.",
        "https://": "The partner's address is scheme and host only",
        "https://partner..example.com": "The host of the partner's address is not a name that can be looked up.",
        f"https://{'p' * 64}.com": "The host of the partner's address is not a name that can be looked up.",
        "https://part ner.example.com": "The host of the partner's address holds characters that no name has.",
    }
    return [({name: address}, f"{name} cannot be called. {said}") for address, said in addresses.items()]


def test_the_settings_of_the_tests_agree() -> None:
    refuse_contradictions()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ALLOWED_HOSTS": ["office.example.com"]}, "DEMO is on, but the site answers to office.example.com."),
        (
            {"DEMO": False, "DEBUG": True, "ALLOWED_HOSTS": ["*"]},
            "DEBUG is on, but the site answers to *.",
        ),
        ({"COINMENA_BASE_URL": "https://partner.example.com"}, "DEMO is on, but COINMENA_BASE_URL is not the sandbox."),
        ({"BITNOB_BASE_URL": "https://partner.example.com"}, "DEMO is on, but BITNOB_BASE_URL is not the sandbox."),
        ({"COINMENA_BASE_URL": "http://partner.example.com"}, "COINMENA_BASE_URL must begin with https://."),
        (
            {"COINMENA_BASE_URL": "https://partner.example.com", "COINMENA_QUARANTINE_SECONDS": 60},
            "COINMENA_QUARANTINE_SECONDS is below 120.",
        ),
        (
            {"COINMENA_QUARANTINE_SECONDS": 86_401},
            "COINMENA_QUARANTINE_SECONDS is not between 0 and 86400, a day. It counts seconds",
        ),
        ({"COINMENA_QUARANTINE_SECONDS": -1}, "COINMENA_QUARANTINE_SECONDS is not between 0 and 86400, a day."),
        *((changes, sentence) for name in ADDRESSES for changes, sentence in unusable(name)),
        ({"COINMENA_PRIVATE_KEY": "AAEC"}, "COINMENA_PRIVATE_KEY cannot sign. The private key is neither a PEM text"),
        (
            {"COINMENA_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----"},
            "COINMENA_PRIVATE_KEY cannot sign. The private key is not a readable PEM text without a password.",
        ),
        ({"COINMENA_PARTNER_ID": "partner\n1"}, "COINMENA_PARTNER_ID holds a character that no request can carry."),
        ({"COINMENA_PARTNER_ID": "partner\u200b1"}, "COINMENA_PARTNER_ID holds a character that no request can carry."),
        ({"BITNOB_CLIENT_ID": "cli\u00e9nt"}, "BITNOB_CLIENT_ID holds a character that no request can carry."),
        (
            {"BITNOB_CLIENT_SECRET": "sec\udcffret"},
            "BITNOB_CLIENT_SECRET holds a character that no request can carry. Copy it again",
        ),
        ({"COINMENA_DEADLINE_SECONDS": 25000}, "COINMENA_DEADLINE_SECONDS is not between 5 and 40."),
        ({"COINMENA_DEADLINE_SECONDS": 41}, "COINMENA_DEADLINE_SECONDS is not between 5 and 40."),
        ({"COINMENA_DEADLINE_SECONDS": 4}, "COINMENA_DEADLINE_SECONDS is not between 5 and 40."),
        ({"COINMENA_DEADLINE_SECONDS": 0}, "COINMENA_DEADLINE_SECONDS is not between 5 and 40."),
        ({"COINMENA_DEADLINE_SECONDS": -30}, "COINMENA_DEADLINE_SECONDS is not between 5 and 40."),
        *(
            (
                {"DEMO": False, "COINMENA_BASE_URL": f"https://{spelling}"},
                "COINMENA_ENVIRONMENT is sandbox, but COINMENA_BASE_URL is where real money moves.",
            )
            for spelling in (
                "external-api.coinmena.com",
                "External-API.CoinMENA.com",
                "external-api.coinmena.com.",
                "\uff45xternal-api.coinmena.com",
            )
        ),
        (
            {"DEMO": False, "COINMENA_ENVIRONMENT": "live"},
            "COINMENA_ENVIRONMENT is live, but the partner is simulated.",
        ),
        (
            {"DEMO": False, "COINMENA_ENVIRONMENT": "live", "COINMENA_BASE_URL": "https://partner.example.com"},
            "COINMENA_PRIVATE_KEY is the sandbox's, which everybody can read, and the partner is live.",
        ),
        (
            {"BITNOB_ENVIRONMENT": "live"},
            "BITNOB_CLIENT_SECRET is the sandbox's, which everybody can read, and the partner is live.",
        ),
        ({"DEMO": False, "SECRET_KEY": "short"}, "SECRET_KEY is shorter than 50 characters."),
        ({"COINMENA_ENVIRONMENT": "test"}, "COINMENA_ENVIRONMENT is neither `sandbox` nor `live`."),
        ({"BITNOB_ENVIRONMENT": "production"}, "BITNOB_ENVIRONMENT is neither `sandbox` nor `live`."),
        ({"PUBLIC_URL": "http://office.example.com"}, "PUBLIC_URL must begin with https://."),
        ({"DEMO": False}, "PUBLIC_URL must begin with https://."),
        ({"PUBLIC_URL": "https://evil.example"}, "PUBLIC_URL is at evil.example, which ALLOWED_HOSTS does not name."),
        (
            {"DEMO": False, "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"},
            "EMAIL_URL prints e-mails instead of sending them.",
        ),
        ({"OIDC_ISSUER": "https://id.example.com"}, "lacks OIDC_CLIENT_ID and OIDC_CLIENT_SECRET."),
        ({"OIDC_CLIENT_SECRET": "x", "OIDC_CLIENT_ID": "x"}, "The sign-in with the company account lacks OIDC_ISSUER."),
        ({"OIDC_ISSUER": "http://id.example.com"}, "OIDC_ISSUER must begin with https://."),
        ({"DEMO": False}, "The audit log cannot be sealed without AUDIT_SEAL_KEY and AUDIT_SEAL_DIRECTORY."),
        ({"AUDIT_SEAL_DIRECTORY": "/mnt/seals"}, "The audit log cannot be sealed without AUDIT_SEAL_KEY."),
        ({"AUDIT_SEAL_KEY": "x"}, "The audit log cannot be sealed without AUDIT_SEAL_DIRECTORY."),
        ({"AUDIT_SEAL_KEY": "x"}, "AUDIT_SEAL_KEY is no key: write it as PEM, or as base64 of its 32 bytes."),
        ({"AUDIT_SEAL_FORMER_KEYS": ["x"]}, "AUDIT_SEAL_FORMER_KEYS holds a text that is no public Ed25519 key."),
        (
            {"AUDIT_SEAL_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
            "AUDIT_SEAL_KEY is the sandbox's, which everybody can read.",
        ),
        ({"DEMO": False, "OIDC_ISSUER": "http://127.0.0.1:9"}, "OIDC_ISSUER must begin with https://."),
    ],
)
def test_a_contradiction_stops_the_start(settings: Settings, changes: dict[str, Any], sentence: str) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured) as stopped:
        refuse_contradictions()
    assert sentence in str(stopped.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"COINMENA_QUARANTINE_SECONDS": 86_400},
        {"COINMENA_BASE_URL": "http://[::1]:8001"},
        {"DEMO": True, "BITNOB_BASE_URL": "https://127.0.0.1/"},
        {"COINMENA_PARTNER_ID": "a partner"},
    ],
)
def test_settings_at_their_bounds_start(settings: Settings, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    refuse_contradictions()


@pytest.mark.parametrize("seconds", [5, 25, 40])
def test_a_deadline_within_its_bounds_starts(settings: Settings, seconds: int) -> None:
    settings.COINMENA_DEADLINE_SECONDS = seconds
    refuse_contradictions()


def run_as_in_production(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    from tests import settings  # noqa: F401  (its environment holds what is not said here)

    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    environment = {**inherited, **PRODUCTION, "DJANGO_SETTINGS_MODULE": "backoffice.settings", **changes}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_settings_of_production_pass_every_check_of_a_deployment() -> None:
    done = run_as_in_production("manage.py", "check", "--deploy", "--fail-level", "DEBUG")
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout + done.stderr


def test_s22_cookies_of_production_are_bound_to_the_host_and_out_of_reach_of_scripts() -> None:
    names = ("NAME", "SECURE", "HTTPONLY", "SAMESITE", "PATH", "DOMAIN")
    said = "; ".join(f"print(settings.SESSION_COOKIE_{name}, settings.CSRF_COOKIE_{name})" for name in names)
    done = run_as_in_production("-c", f"from django.conf import settings; {said}")
    assert done.stdout.splitlines() == [
        *("__Host-session __Host-csrf", "True True", "True True", "Lax Lax", "/ /", "None None")
    ], done.stderr


def test_the_web_server_does_not_start_in_contradiction() -> None:
    done = run_as_in_production("-c", "import backoffice.wsgi", DEMO="true")
    assert done.returncode != 0
    assert "DEMO is on, but the site answers to office.example.com." in done.stderr


def test_static_files_carry_the_policies_as_well(db: None, settings: Settings) -> None:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    answer = Client().get("/static/css/tokens.css")
    answer.close()
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Permissions-Policy"]


def test_s36_the_tls_that_an_address_asks_for_is_asked_of_the_database() -> None:
    address = "postgres://someone:secret@db.example.com/books?sslmode=verify-full&sslrootcert=/run/ca.pem"
    said = "; ".join(f"print(settings.DATABASES['{alias}']['OPTIONS'])" for alias in ("default", "owner"))
    addresses = {"DATABASE_URL": address, "DATABASE_OWNER_URL": address}
    done = run_as_in_production("-c", f"from django.conf import settings; {said}", **addresses)
    told = [ast.literal_eval(line) for line in done.stdout.splitlines()]
    assert [one["sslmode"] for one in told] == ["verify-full", "verify-full"], done.stderr
    assert [one["sslrootcert"] for one in told] == ["/run/ca.pem", "/run/ca.pem"]
    assert all("search_path=public,pg_temp" in one["options"] for one in told)


def test_white_space_around_a_setting_is_taken_off_wherever_it_was_read_from(tmp_path: Path) -> None:
    key, partner = tmp_path / "key", tmp_path / "partner"
    key.write_text(PRODUCTION["SECRET_KEY"] + "\n")
    partner.write_text("partner-1\r\n")
    for file in (key, partner):
        file.chmod(0o400)
    names = ("SECRET_KEY", "COINMENA_PARTNER_ID", "BITNOB_CLIENT_SECRET", "BITNOB_ENVIRONMENT", "ALLOWED_HOSTS")
    said = f"print([getattr(settings, name) for name in {(*names, 'COINMENA_SIGN_SEPARATOR', 'SECRET_KEY_FALLBACKS')}])"

    done = run_as_in_production(
        *("-c", f"from django.conf import settings; {said}"),
        SECRET_KEY_FILE=str(key),
        COINMENA_PARTNER_ID_FILE=str(partner),
        BITNOB_CLIENT_SECRET=" a-secret ",
        BITNOB_ENVIRONMENT="live\t",
        ALLOWED_HOSTS="office.example.com\n",
        COINMENA_SIGN_SEPARATOR="\n",
    )

    trimmed = [PRODUCTION["SECRET_KEY"], "partner-1", "a-secret", "live", ["office.example.com"]]
    former = PRODUCTION["SECRET_KEY"] + "\n"
    assert ast.literal_eval(done.stdout) == [*trimmed, "\n", [former]], "and what the former key signed still opens"
