"""Panels that apps above contribute to a page of an app below, so that no import runs upwards.

An app registers its panel in ``AppConfig.ready()``; the page draws the panels of its slot. A panel's template gets what
its ``context`` returned, ``person``, and what every page has (``request``, ``csrf_token``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One part of a page. `context(obj, person)` may return `None`: then the panel is left out.

    Panels stand in the order of `order`. `side` puts it into the narrow column. A panel with `is_note` stands above
    both columns and says what a reader must know first.
    """

    order: int
    template: str
    context: Callable[[Any, Any], Mapping[str, Any] | None]
    side: bool = False
    is_note: bool = False


@dataclass(frozen=True)
class DrawnPanel:
    """A panel as it stands on one page."""

    panel: Panel
    html: SafeString


_PANELS: dict[str, dict[str, Panel]] = {}


def register(slot: str, panel: Panel) -> None:
    """Add `panel` to the pages of `slot`; the same template again replaces the one before."""
    _PANELS.setdefault(slot, {})[panel.template] = panel


def panels(slot: str) -> list[Panel]:
    """Return the panels of `slot`, in their order."""
    return sorted(_PANELS.get(slot, {}).values(), key=lambda panel: (panel.order, panel.template))


def drawn(slot: str, obj: Any, request: HttpRequest) -> list[DrawnPanel]:
    """Draw the panels of `slot` that have something to say about `obj` to the person who asks."""
    return [one for panel in panels(slot) if (one := _drawn(panel, obj, request))]


def _drawn(panel: Panel, obj: Any, request: HttpRequest) -> DrawnPanel | None:
    context = panel.context(obj, request.user)
    if context is None:
        return None
    html = render_to_string(panel.template, {**context, "person": request.user}, request)
    return DrawnPanel(panel, html)
