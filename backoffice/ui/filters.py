"""Filters of a list, on django-filter: bounded input, a sentence for each mistake, a pill for each answer.

Every filter here can also say which parameters of the address it owns and what its value means in words, so
that the active ones are shown as pills that can be removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.money import format_amount
from backoffice.ui.values import Text

MAX_SEARCH_LENGTH = 200
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
ANY_DAY, ANY_AMOUNT = _("Any day"), _("Any amount")
AMOUNT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?")

Rows = QuerySet[Any]


@dataclass(frozen=True)
class Part:
    """One input of a filter: its name in the address, its label, what was typed."""

    name: str
    label: Text
    text: str


class ListFilter(Protocol):
    """What a listing asks of a filter."""

    template: str
    label: Any

    def names(self, name: str) -> tuple[str, ...]:
        """The parameters of the address that belong to the filter called `name`."""

    def describe(self, value: Any) -> str:
        """The value in words, for its pill."""


class SearchFilter(django_filters.Filter):  # type: ignore[misc]
    """The search box: `search(queryset, text)` decides which rows the text finds."""

    field_class = forms.CharField
    template = "ui/filters/search.html"

    def __init__(self, *, search: Callable[[Rows, str], Rows], label: Text, **kwargs: Any) -> None:
        super().__init__(label=label, max_length=MAX_SEARCH_LENGTH, strip=True, **kwargs)
        self.search = search

    def names(self, name: str) -> tuple[str, ...]:
        return (name,)

    def describe(self, value: str) -> str:
        return f"“{value}”"

    def filter(self, qs: Rows, value: str) -> Rows:
        return self.search(qs, value) if value else qs


class FileFilter(django_filters.Filter):  # type: ignore[misc]
    """What one uploaded file made: ``search(queryset, file id)``. It is chosen on the file's page, not in the bar.

    :param named: gives the words of the filter's pill for a file id.
    """

    field_class = forms.IntegerField
    template = "ui/filter_file.html"

    def __init__(
        self,
        *,
        search: Callable[[QuerySet[Any], int], QuerySet[Any]],
        named: Callable[[int], str],
        **kwargs: Any,
    ) -> None:
        super().__init__(label=_("File"), min_value=1, max_value=2**62, widget=forms.HiddenInput, **kwargs)
        self.search, self.named = search, named

    def names(self, name: str) -> tuple[str, ...]:
        return (name,)

    def describe(self, value: int) -> str:
        return self.named(value)

    def filter(self, qs: QuerySet[Any], value: int | None) -> QuerySet[Any]:
        return qs if value is None else self.search(qs, value)


class ChoicesFilter(django_filters.Filter):  # type: ignore[misc]
    """Any number of choices out of a fixed list; none chosen means any.

    `choices` may be a callable, read once a request. `search(queryset, values)` replaces `field__in`.
    """

    field_class = forms.MultipleChoiceField
    template = "ui/filters/choices.html"

    def __init__(
        self,
        *,
        choices: Any,
        label: Text,
        any_label: Text,
        search: Callable[[Rows, list[str]], Rows] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label=label, choices=choices, widget=forms.CheckboxSelectMultiple, **kwargs)
        self.any_label = any_label
        self.search = search

    def names(self, name: str) -> tuple[str, ...]:
        return (name,)

    def describe(self, value: list[str]) -> str:
        labels = {str(key): str(label) for key, label in self.field.choices}
        return gettext(" or ").join(labels[key] for key in value)

    def filter(self, qs: Rows, value: list[str]) -> Rows:
        if not value:
            return qs
        return self.search(qs, value) if self.search else qs.filter(**{f"{self.field_name}__in": value})


class _PairWidget(forms.Widget):
    """Reads two parameters of the address; drawn by the filter's own template."""

    def __init__(self, suffixes: tuple[str, str]) -> None:
        super().__init__()
        self.suffixes = suffixes

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> tuple[str, str]:
        first, second = (str(data.get(f"{name}_{suffix}", "")).strip() for suffix in self.suffixes)
        return first, second


class DateRange:
    """Days from and to, both included on the screen; half-open moments in SQL, in the person's zone."""

    def __init__(self, first: date | None, last: date | None) -> None:
        self.first, self.last = first, last

    @property
    def start(self) -> datetime | None:
        """The moment the first day begins."""
        return _midnight(self.first) if self.first else None

    @property
    def end(self) -> datetime | None:
        """The moment the day after the last one begins."""
        return _midnight(self.last + timedelta(days=1)) if self.last else None


class DateRangeField(forms.Field):
    """Two days, `YYYY-MM-DD`, either of them optional."""

    def clean(self, value: tuple[str, str]) -> DateRange | None:
        """Return the range, or `None` when both days are empty; raise `ValidationError` with a sentence."""
        first, last = (_day(text) for text in value)
        if first and last and first > last:
            raise ValidationError(_("The first day must not come after the last one."))
        return DateRange(first, last) if first or last else None


class DateRangeFilter(django_filters.Filter):  # type: ignore[misc]
    """Days from and to: `created_from` and `created_to` in the address."""

    field_class = DateRangeField
    template = "ui/filters/dates.html"
    suffixes = ("from", "to")

    def __init__(self, *, label: Text, any_label: Text = ANY_DAY, **kwargs: Any) -> None:
        super().__init__(label=label, widget=_PairWidget(self.suffixes), **kwargs)
        self.any_label = any_label

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(f"{name}_{suffix}" for suffix in self.suffixes)

    def parts(self, name: str, data: Mapping[str, Any]) -> tuple[Part, ...]:
        """The two inputs, holding what was typed."""
        return _parts(self.names(name), (_("From"), _("To")), data)

    def describe(self, value: DateRange) -> str:
        first, last = (format_date(day, "j M Y") if day else "" for day in (value.first, value.last))
        if value.first == value.last:
            return first
        if first and last:
            return gettext("%(first)s to %(last)s") % {"first": first, "last": last}
        return gettext("from %(day)s") % {"day": first} if first else gettext("up to %(day)s") % {"day": last}

    def filter(self, qs: Rows, value: DateRange | None) -> Rows:
        if value is None:
            return qs
        bounds = {f"{self.field_name}__gte": value.start, f"{self.field_name}__lt": value.end}
        return qs.filter(**{lookup: moment for lookup, moment in bounds.items() if moment})


@dataclass(frozen=True)
class AmountRange:
    """Amounts from and to, both included, either of them optional."""

    least: Decimal | None
    most: Decimal | None


class AmountRangeField(forms.Field):
    """Two amounts in plain ASCII digits, either of them optional."""

    def clean(self, value: tuple[str, str]) -> AmountRange | None:
        """Return the range, or `None` when both ends are empty; raise `ValidationError` with a sentence."""
        least, most = (_amount(text) for text in value)
        if least is not None and most is not None and least > most:
            raise ValidationError(_("The smaller amount comes first."))
        return None if least is None and most is None else AmountRange(least, most)


class AmountRangeFilter(django_filters.Filter):  # type: ignore[misc]
    """Amounts from and to, whatever the sign: `amount_min` and `amount_max` in the address."""

    field_class = AmountRangeField
    template = "ui/filters/amounts.html"
    suffixes = ("min", "max")

    def __init__(self, *, label: Text, any_label: Text = ANY_AMOUNT, **kwargs: Any) -> None:
        super().__init__(label=label, widget=_PairWidget(self.suffixes), **kwargs)
        self.any_label = any_label

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(f"{name}_{suffix}" for suffix in self.suffixes)

    def parts(self, name: str, data: Mapping[str, Any]) -> tuple[Part, ...]:
        """The two inputs, holding what was typed."""
        return _parts(self.names(name), (_("At least"), _("At most")), data)

    def describe(self, value: AmountRange) -> str:
        least, most = (format_amount(end) if end is not None else "" for end in (value.least, value.most))
        if least and most:
            return gettext("%(least)s to %(most)s") % {"least": least, "most": most}
        return (
            gettext("at least %(amount)s") % {"amount": least}
            if least
            else gettext("at most %(amount)s") % {"amount": most}
        )

    def filter(self, qs: Rows, value: AmountRange | None) -> Rows:
        if value is None:
            return qs
        bounds = Q()
        if value.least is not None:
            bounds &= Q(**{f"{self.field_name}__gte": value.least})
        if value.most is not None:
            bounds &= Q(**{f"{self.field_name}__lte": value.most})
        return qs.filter(bounds)


def today(name: str) -> Callable[[], str]:
    """Give the filter called `name` as it stands in the address for today, in the person's zone."""

    def query() -> str:
        day = timezone.localdate().isoformat()
        return f"{name}_from={day}&{name}_to={day}"

    return query


def this_month(name: str) -> Callable[[], str]:
    """Give the filter called `name` as it stands in the address for the month so far, in the person's zone."""
    return lambda: f"{name}_from={timezone.localdate().replace(day=1).isoformat()}"


def choices_summary(count: int, any_label: Text) -> str:
    """What a closed choices box says: `Any status`, or how many were chosen."""
    if not count:
        return str(any_label)
    return ngettext("%(count)d chosen", "%(count)d chosen", count) % {"count": count}


def _parts(names: tuple[str, ...], labels: tuple[Text, ...], data: Mapping[str, Any]) -> tuple[Part, ...]:
    return tuple(Part(name, label, str(data.get(name, ""))[:40]) for name, label in zip(names, labels, strict=True))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _day(text: str) -> date | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValidationError(_("Write a day as 2026-11-19."))
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError(_("There is no such day.")) from error
    check_year(day)
    return day


def check_year(day: date) -> None:
    """Refuse a day no page of ours can mean: nothing can be counted from either end of the calendar.

    :raises ValidationError: with a sentence.
    """
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ValidationError(_("Choose a day between the years 2000 and 2100."))


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    if not AMOUNT.fullmatch(text):
        raise ValidationError(_("Write an amount in plain digits, such as 1250.00."))
    return Decimal(text)
