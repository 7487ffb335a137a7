"""Template tags of the kit; a builtin, so no page loads it.

The small components live here because every cell of every table needs them. Each one escapes what it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from backoffice.money import Money, format_amount, to_plain
from backoffice.ui import times
from backoffice.ui.display import Display, display_of
from backoffice.ui.listing import Cell
from backoffice.ui.text import DEFAULT_LENGTH
from backoffice.ui.text import visible as make_visible
from backoffice.ui.values import (
    Age,
    Amount,
    Badge,
    Direction,
    Effect,
    Lines,
    Link,
    Meaning,
    Named,
    Person,
    Reference,
    Until,
)

register = template.Library()

NOTHING = SafeString('<span class="quiet">–</span>')
BLOCK_LENGTH = 20_000
_CONTROL_CLASSES = {"select": "form-select", "checkbox": "form-check-input"}
EFFECT_ICONS = {Direction.IN: "arrow-down-left", Direction.OUT: "arrow-up-right", Direction.NONE: "arrows-exchange"}


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """Draw an icon of the sprite. Decorative: the words stand beside it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        classes,
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
def visible(text: object, length: int = DEFAULT_LENGTH) -> SafeString:
    """Draw text that a partner or a person wrote, with everything hidden in it named."""
    return NOTHING if text in (None, "") else make_visible(str(text), length)


@register.simple_tag
def visible_block(text: str, length: int = BLOCK_LENGTH) -> SafeString:
    """Draw text of several lines, as a request or an answer is; line ends and tabs stay what they are."""
    return make_visible(text, length, allowed="\n\t")


@register.simple_tag
def money(
    amount: Decimal | int | None,
    asset: str = "",
    size: str = "",
    quiet: bool = False,
    difference: bool = False,
) -> SafeString:
    """Draw an amount with all its digits. `size` is "", "mid" or "big"; `difference` shows a plus sign too."""
    if amount is None:
        return NOTHING
    exact = Decimal(amount) if isinstance(amount, int) else amount
    sign = "+" if difference and exact > 0 else ""
    classes = " ".join(filter(None, ["money", size, "quiet" if quiet else "", "diff" if difference and exact else ""]))
    return format_html(
        '<data class="{}" value="{}" dir="ltr">{}{}{}</data>',
        classes,
        to_plain(exact),
        sign,
        format_amount(exact),
        format_html(' <span class="ccy">{}</span>', asset) if asset else "",
    )


@register.simple_tag
def reference(text: object, url: str = "") -> SafeString:
    """Draw a reference, order number or id: left to right, unbroken, hidden characters named."""
    if text in (None, ""):
        return NOTHING
    body = format_html('<bdi class="ref" dir="ltr">{}</bdi>', make_visible(str(text)))
    return format_html('<a href="{}">{}</a>', url, body) if url else body


@register.simple_tag
def badge(meaning: str, text: object, calm: bool = False) -> SafeString:
    """Draw a state. An unknown meaning is a mistake of ours and raises `ValueError`."""
    known = Meaning(meaning)
    classes = " ".join(filter(None, ["" if known is Meaning.NEUTRAL else known.value, "calm" if calm else ""]))
    return format_html('<span class="{}">{}</span>', f"badge {classes}".strip(), text)


@register.simple_tag
def effect(direction: str, text: object) -> SafeString:
    """Draw what an order did to the client."""
    known = Direction(direction)
    drawn = icon(EFFECT_ICONS[known], "flip")
    return format_html('<span class="{}">{}{}</span>', f"effect {known.value}".strip(), drawn, text)


@register.simple_tag
def when(at: datetime | None, style: str = "default") -> SafeString:
    """Draw a moment in the person's zone, zone named. `style`: "default", "short", "time" or "day"."""
    if at is None:
        return NOTHING
    text, zone = times.moment(at, times.MomentStyle(style))
    named = format_html(' <bdi class="zone" dir="ltr">{}</bdi>', zone) if zone else ""
    return format_html('<time datetime="{}">{}{}</time>', timezone.localtime(at).isoformat(), text, named)


@register.simple_tag
def today_long() -> str:
    """Write today in full, in the person's zone."""
    return times.long_day(timezone.now())


@register.simple_tag
def duration(span: float | timedelta) -> str:
    """Write a span of seconds in its two largest units."""
    return times.duration(span.total_seconds() if isinstance(span, timedelta) else span)


@register.simple_tag
def since(at: datetime) -> str:
    """Write how long ago a moment was."""
    return times.duration((timezone.now() - at).total_seconds())


@register.simple_tag
def until(at: datetime) -> str:
    """Write how long it is until a moment; nothing left is zero seconds."""
    return times.duration((at - timezone.now()).total_seconds())


@register.simple_tag
def countdown(at: datetime) -> SafeString:
    """Draw how long is left until a moment, kept true by a script: `in 3 h 12 min`."""
    return _draw_until(Until(at))


@register.simple_tag
def fresh(
    at: datetime | None, prefix: object = "", aging_after: int = 120, stale_after: int = 900, ago: bool = True
) -> SafeString:
    """Draw how old a partner's figure is: dot, ring or diamond. Thresholds are in seconds."""
    now = timezone.now()
    state = times.freshness(at, now, timedelta(seconds=aging_after), timedelta(seconds=stale_after))
    return format_html(
        '<span class="{}">{}{}{}</span>',
        f"fresh {state}".strip(),
        format_html("{} ", prefix) if prefix else "",
        _age_of(at, now, ago),
        _spoken(state),
    )


def _age_of(at: datetime | None, now: datetime, ago: bool) -> SafeString | str:
    if at is None:
        return gettext("never read")
    span = times.age((now - at).total_seconds())
    text = gettext("%(span)s ago") % {"span": span} if ago else span
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), text)


def _spoken(state: times.Freshness) -> SafeString | str:
    words = {times.Freshness.AGING: gettext("getting old"), times.Freshness.STALE: gettext("out of date")}
    return format_html('<span class="vh">, {}</span>', words[state]) if state in words else ""


@register.simple_tag
def face(person: Person, small: bool = False) -> SafeString:
    """Draw the initials of a person in a circle; the name stands beside it."""
    return format_html(
        '<span class="face {}{}" aria-hidden="true">{}</span>', person.tone, " sm" if small else "", person.initials
    )


@register.simple_tag
def control(field: BoundField, is_number: bool = False) -> SafeString:
    """Draw the input of a form field with our classes; Django adds the aria attributes of its hint and error."""
    own = field.field.widget.attrs.get("class", "")
    classes = [_CONTROL_CLASSES.get(field.widget_type, "form-control"), own, "num-in" if is_number else ""]
    classes.append("is-invalid" if field.errors else "")
    return field.as_widget(attrs={"class": " ".join(filter(None, classes))})


@register.simple_tag
def show(value: Any) -> SafeString:
    """Draw any display value of `backoffice.ui.values`, a datetime, an amount of money or plain text."""
    if value is None or value == "":
        return NOTHING
    for kind, draw in _DRAWERS:
        if isinstance(value, kind):
            return draw(value)
    return make_visible(str(value))


@register.simple_tag(takes_context=True)
def cell(context: Context, one: Cell) -> SafeString:
    """Draw a cell of a listing, inside its link when it has one."""
    if one.column.template:
        inputs = {"row": one.row, "value": one.value, "url": one.url, "request": context.get("request")}
        return SafeString(render_to_string(one.column.template, inputs))
    return _linked(show(one.value), one.url)


@register.simple_tag
def lead(one: Cell) -> SafeString:
    """Draw the first cell of a row: its link is the link of the whole row."""
    return _linked(show(one.value), one.url, "lead")


@register.simple_tag(takes_context=True)
def display(context: Context) -> Display:
    """Return how this person wants to see pages: theme, density, keyboard shortcuts."""
    return display_of(context.get("request"))


def _linked(body: SafeString, url: str, classes: str = "") -> SafeString:
    return format_html('<a class="{}" href="{}">{}</a>', classes, url, body) if url else body


def _draw_named(value: Named) -> SafeString:
    name = format_html('<span class="fw-medium named">{}</span>', visible(value.name))
    proof = format_html('<span class="quiet xs">{}</span>', reference(value.reference))
    return format_html("{} {}", _linked(name, value.url), proof)


def _draw_person(value: Person) -> SafeString:
    note = format_html('<span class="sub">{}</span>', value.note) if value.note else ""
    name = format_html("<span>{}{}</span>", visible(value.name), note)
    return format_html('<span class="who">{}{}</span>', face(value, small=True), name)


def _draw_link(value: Link) -> SafeString:
    sub = format_html('<span class="sub">{}</span>', value.sub) if value.sub else ""
    return format_html("{}{}", _linked(format_html("{}", value.text), value.url), sub)


def _draw_until(value: Until) -> SafeString:
    pattern = gettext("in %(span)s")
    return format_html(
        '<time datetime="{}" data-until="{}" data-over="{}">{}</time>',
        timezone.localtime(value.at).isoformat(),
        pattern % {"span": "{}"},
        gettext("over"),
        pattern % {"span": until(value.at)},
    )


def _draw_lines(value: Lines) -> SafeString:
    return format_html('{}<span class="sub">{}</span>', show(value.first), show(value.second))


def _draw_number(value: int) -> SafeString:
    return format_html('<bdi dir="ltr">{}</bdi>', f"{value:,}".replace("-", "\u2212"))


def _draw_day(value: date) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), times.day(value))


_DRAWERS: tuple[tuple[type[Any] | tuple[type[Any], ...], Callable[[Any], SafeString]], ...] = (
    (SafeString, lambda value: value),
    (Promise, lambda value: format_html("{}", value)),
    (Amount, lambda value: money(value.amount, value.asset, quiet=value.quiet, difference=value.difference)),
    (Money, lambda value: money(value.amount, value.asset)),
    (Badge, lambda value: badge(value.meaning, value.text, value.calm)),
    (Effect, lambda value: effect(value.direction, value.text)),
    (Reference, lambda value: reference(value.text, value.url)),
    (Named, _draw_named),
    (Person, _draw_person),
    (Until, _draw_until),
    (Link, _draw_link),
    (Lines, _draw_lines),
    (Age, lambda value: fresh(value.at, value.prefix)),
    (datetime, when),
    (date, _draw_day),
    (Decimal, money),
    (int, _draw_number),
)
