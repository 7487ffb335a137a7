"""Loading each session and person once, where whatever a request did is undone and they are the same the next time."""

from copy import copy
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore


def remember_sessions(patch: pytest.MonkeyPatch) -> None:
    """Begin to remember: whoever is to change before the first request has changed by now."""
    remember(patch, SessionStore, "_get_session_from_db", lambda store: store.session_key)
    remember(patch, ModelBackend, "get_user", lambda _backend, key: key)


def remember(patch: pytest.MonkeyPatch, owner: Any, name: str, key_of: Any) -> None:
    """Have a method answer each question once, and give copies of that answer from then on."""
    ask, known = getattr(owner, name), dict[Any, Any]()

    def answer(*asked: Any) -> Any:
        key = key_of(*asked)
        if key not in known:
            known[key] = ask(*asked)
        return copy(known[key])

    patch.setattr(owner, name, answer)
