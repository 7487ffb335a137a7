"""The words of an entry, as the index on them and the search for them both write them."""

from typing import Final

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import F, TextField, Value
from django.db.models.functions import Cast, Concat, Left

#: A full-text vector has a bound, and an entry must never fail for being long: words beyond this are not found.
LONGEST: Final = 50_000
#: No dictionary: names, codes and references are no language.
CONFIG: Final = "simple"
_BETWEEN: Final = Value(" ")

WORDS: Final = SearchVector(
    Left(
        Concat(
            F("who"),
            _BETWEEN,
            F("delegate_of"),
            _BETWEEN,
            F("object_id"),
            _BETWEEN,
            F("client"),
            _BETWEEN,
            F("reason"),
            _BETWEEN,
            Cast(F("before"), TextField()),
            _BETWEEN,
            Cast(F("after"), TextField()),
            output_field=TextField(),
        ),
        LONGEST,
    ),
    config=CONFIG,
)


def words(text: str) -> SearchQuery:
    """Ask for all of these words, a phrase in quotes, none of those after a minus."""
    return SearchQuery(text, config=CONFIG, search_type="websearch")
