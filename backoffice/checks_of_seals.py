"""Seals of the audit log that could not be made, or would prove nothing (security.md §3)."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error

from backoffice.audit.sealing.keys import InvalidSealKey, public_keys, signing_key

#: The sandbox's key stands in its own documentation.
SANDBOX_SEED = bytes(range(32))


def seals_can_be_made() -> Iterator[CheckMessage]:
    """Report what keeps seals from being made, or from proving anything."""
    yield from both_or_neither()
    yield from keys_are_keys()


def both_or_neither() -> Iterator[CheckMessage]:
    """Outside a demo the log is sealed; anywhere, a key without a second place proves less than it seems to."""
    names = ("AUDIT_SEAL_KEY", "AUDIT_SEAL_DIRECTORY")
    missing = [name for name in names if not getattr(settings, name)]
    is_at_play = settings.DEBUG or settings.DEMO
    if missing and not (is_at_play and len(missing) == len(names)):
        yield Error(
            f"The audit log cannot be sealed without {' and '.join(missing)}.",
            hint="Nothing would show that its end was cut: make a key and name another volume (docs/operations.md).",
            id="settings.E018",
        )


def keys_are_keys() -> Iterator[CheckMessage]:
    try:
        public_keys()
        key = signing_key()
    except InvalidSealKey as trouble:
        yield Error(str(trouble), hint="Make one: openssl genpkey -algorithm ed25519", id="settings.E019")
        return
    if key is not None and key.private_bytes_raw() == SANDBOX_SEED:
        yield Error(
            "AUDIT_SEAL_KEY is the sandbox's, which everybody can read.",
            hint="Make a key of your own: openssl genpkey -algorithm ed25519",
            id="settings.E020",
        )
