"""Whatever ``manage.py export`` offers can be written by every filter it names."""

import pytest
from django import forms
from django.http import QueryDict
from django_filters import Filter

from backoffice.accounts.actors import System
from backoffice.exports import registry
from backoffice.exports.copying import compile_copy
from backoffice.exports.wishes import Wish, check_names
from backoffice.ui.filters import AmountRangeFilter, ChoicesFilter, DateRangeFilter

pytestmark = pytest.mark.usefixtures("db")


def filters_of(name: str) -> list[str]:
    """One query for each filter of a list, with a value that can be read."""
    filterset = registry.find(name).listing.filterset
    if filterset is None:
        return [""]
    return [query for key, one in filterset.base_filters.items() for query in queries(key, one)]


def queries(key: str, one: object) -> list[str]:
    match one:
        case ChoicesFilter():
            choices = one.extra["choices"]
            return [f"{key}={value}" for value, _label in (choices() if callable(choices) else choices)]
        case DateRangeFilter():
            return [f"{key}_from=2026-11-01&{key}_to=2026-11-19"]
        case AmountRangeFilter():
            return [f"{key}_min=1&{key}_max=2.50"]
        case Filter(field_class=forms.IntegerField):
            return [f"{key}=1"]
    return [f"{key}=noura"]


@pytest.mark.parametrize("name", registry.names())
def test_every_filter_of_a_list_can_be_exported(name: str) -> None:
    export = registry.find(name)
    for query in filters_of(name):
        for preset in export.listing.columns.presets:
            wish = Wish(export, QueryDict(query), System("tests"), preset)
            check_names(wish)
            assert compile_copy(wish).text.startswith("COPY ("), query
