"""Panels that apps above contribute to a page of an app below, so that no import runs upwards.

An app registers its panel in ``AppConfig.ready()``; the page asks for the panels of its slot and includes each one's
template with what its ``context`` returned, plus ``person``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


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
    """A panel with what its template needs."""

    panel: Panel
    template: str
    context: Mapping[str, Any]


_PANELS: dict[str, dict[str, Panel]] = {}


def register(slot: str, panel: Panel) -> None:
    """Add `panel` to the pages of `slot`; the same template again replaces the one before."""
    _PANELS.setdefault(slot, {})[panel.template] = panel


def panels(slot: str) -> list[Panel]:
    """Return the panels of `slot`, in their order."""
    return sorted(_PANELS.get(slot, {}).values(), key=lambda panel: (panel.order, panel.template))


def drawn(slot: str, obj: Any, person: Any) -> list[DrawnPanel]:
    """Return the panels of `slot` that have something to say about `obj` to `person`."""
    return list(_drawn(slot, obj, person))


def _drawn(slot: str, obj: Any, person: Any) -> Iterator[DrawnPanel]:
    for panel in panels(slot):
        context = panel.context(obj, person)
        if context is not None:
            yield DrawnPanel(panel, panel.template, {**context, "person": person})
