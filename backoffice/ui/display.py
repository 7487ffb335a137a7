"""How a person wants to see pages: theme, density, keyboard shortcuts, language. Kept in cookies, no row needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

YEAR: Final = 365 * 24 * 3_600
CHOICES: Final = {
    "theme": ("auto", "light", "dark"),
    "density": ("comfortable", "compact"),
    "shortcuts": ("on", "off"),
}
#: The language is Django's own cookie; without it the browser's Accept-Language decides.
OFFERED: Final = {**CHOICES, settings.LANGUAGE_COOKIE_NAME: tuple(code for code, _ in settings.LANGUAGES)}


@dataclass(frozen=True)
class Display:
    """The choices in force; anything unknown falls back to the first choice of its kind."""

    theme: str = "auto"
    density: str = "comfortable"
    shortcuts: str = "on"


def display_of(request: HttpRequest | None) -> Display:
    """Read the choices of the person who sent `request`."""
    if request is None:
        return Display()
    return Display(**{kind: _known(kind, request.COOKIES.get(kind, "")) for kind in CHOICES})


def keep(response: HttpResponse, kind: str, choice: str, is_secure: bool) -> None:
    """Remember a choice for a year. Raises `ValueError` for one that is not offered."""
    if choice not in OFFERED.get(kind, ()):
        raise ValueError(f"{choice!r} is no choice for {kind!r}.")
    response.set_cookie(kind, choice, max_age=YEAR, samesite="Lax", secure=is_secure, httponly=True)


def _known(kind: str, choice: str) -> str:
    return choice if choice in CHOICES[kind] else CHOICES[kind][0]
