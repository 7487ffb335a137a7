"""The demo's environment: every setting the product needs, all of it on this machine."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from backoffice.database import embedded
from backoffice.demo.processes import free_port, is_free

ROOT = Path(__file__).resolve().parent.parent.parent
VAR = Path(os.environ.get("DEMO_DIRECTORY", ROOT / "var" / "demo"))
MAIL = VAR / "mail"
DATABASE = "backoffice"


def environment(postgres: embedded.Embedded, *, sandbox_port: int, port: int = 8000) -> dict[str, str]:
    """Compose the environment of every process of the demo, and leave its settings for `manage.py` commands."""
    settings = settings_of(postgres, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}")
    leave(settings)
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "PYTHONPATH": str(ROOT),
        **settings,
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }


def settings_of(postgres: embedded.Embedded, site: str, partner: str) -> dict[str, str]:
    """Give every setting the product needs. Keys of the sandbox are public on purpose."""
    return {
        "SECRET_KEY": secret_key(),
        "AUDIT_SEAL_KEY": seal_key(),
        "AUDIT_SEAL_DIRECTORY": str(seal_directory()),
        "EXPORT_DIRECTORY": str(VAR.resolve() / "exports"),
        "EXPORT_FOLDER": str(scheduled_directory()),
        "DEBUG": "false",
        "DEMO": "true",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "PUBLIC_URL": site,
        "EMAIL_URL": f"filemail:///{MAIL.resolve()}",
        "DATABASE_URL": postgres.url(DATABASE, embedded.APPLICATION),
        "DATABASE_OWNER_URL": postgres.url(DATABASE, embedded.OWNER),
        "COINMENA_BASE_URL": partner,
        "COINMENA_PARTNER_ID": "demo-partner",
        "COINMENA_PRIVATE_KEY": base64.b64encode(bytes(range(32))).decode(),
        "BITNOB_BASE_URL": partner,
        "BITNOB_CLIENT_ID": "11111111-2222-4333-8444-555555555555",
        "BITNOB_CLIENT_SECRET": "sandbox_test_secret_000102030405",
        "BITNOB_ENVIRONMENT": "sandbox",
        "BITNOB_REQUESTS_PER_MINUTE": "6000",
    }


def leave(settings: dict[str, str]) -> None:
    """Write the settings down where `backoffice/settings.py` finds them when nothing else is configured."""
    path = VAR / "environment"
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def partners_port(wanted: int = 0) -> int:
    """Return the port of this demo's sandbox and keep it: money is held when the partner's address changes.

    It is another one only where somebody wants that, or where the old one is taken by now.
    """
    path = VAR / "sandbox-port"
    kept = int(path.read_text()) if path.exists() else 0
    port = wanted or (kept if kept and is_free(kept) else free_port())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(port))
    return port


def secret_key() -> str:
    """Keep one secret key for this demo, so that sign-ins survive a restart."""
    return kept("secret-key", lambda: secrets.token_urlsafe(50))


def seal_key() -> str:
    """Keep one key for the seals of this demo's audit log."""
    return kept("seal-key", lambda: base64.b64encode(secrets.token_bytes(32)).decode())


def seal_directory() -> Path:
    """Make the second place of the seals. A real one is another volume or host."""
    place = VAR.resolve() / "seals"
    place.mkdir(parents=True, exist_ok=True)
    return place


def scheduled_directory() -> Path:
    """Make the folder that scheduled exports are laid into."""
    place = VAR.resolve() / "scheduled"
    place.mkdir(parents=True, exist_ok=True)
    return place


def kept(name: str, make: Callable[[], str]) -> str:
    """Return what a file of this demo holds, made the first time."""
    path = VAR / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text()
