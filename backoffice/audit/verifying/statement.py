"""The one SQL statement that reads a stretch of the log and finds its first bad entry.

The canonical text of an entry is built again from its columns, in the form of version 1, and compared byte by byte.
The two columns of JSON are the exception: PostgreSQL keeps no order of keys, so their part of the text is read as JSON
and compared as PostgreSQL writes it, which still tells 1 from 1.0.

Nearly no text needs escaping, and one without a backslash has nothing escaped in it: then its columns are put together
as they are, which is what makes the pass no dearer than a few SHA-256 passes.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

#: What comes behind the JSON of ``before``, in the order of the keys; before that of ``after`` comes the address alone.
BEHIND: Final = (
    "client",
    "delegate_of",
    "event",
    "number",
    "object_id",
    "object_type",
    "person_id",
    "prev",
    "reason",
    "request_id",
    "result",
    "role",
    "version",
    "who",
)
NUMBERS: Final = frozenset({"number", "person_id", "version"})


def as_it_is(name: str) -> str:
    return name


def escaped(name: str) -> str:
    """Write the SQL that escapes a text as JSON does; control characters stand in no text of the log."""
    return rf"""replace(replace({name}, '\', '\\'), '"', '\"')"""


def frame(quoted: Callable[[str], str]) -> str:
    """Write the SQL that gives ``,"client":"…",…,"who":"…"}``."""
    first, last = BEHIND[0], BEHIND[-1]
    between = "".join(f" || '{end(one)},{start(two)}' || {value(two, quoted)}" for one, two in pairwise(BEHIND))
    return f"',{start(first)}' || {value(first, quoted)}{between} || '{end(last)}}}'"


def start(name: str) -> str:
    return f'"{name}":' if name in NUMBERS else f'"{name}":"'


def end(name: str) -> str:
    return "" if name in NUMBERS else '"'


def value(name: str, quoted: Callable[[str], str]) -> str:
    return f"coalesce({name}::text, 'null')" if name in NUMBERS else quoted(name)


# As PostgreSQL writes an object of these three: shorter keys first.
MIDDLE: Final = """
    '{"at": ' || to_char(at AT TIME ZONE 'UTC', '"\\""YYYY-MM-DD"T"HH24:MI:SS.US"Z\\""')
    || ', "after": ' || coalesce(after::text, 'null') || ', "before": ' || coalesce(before::text, 'null') || '}'
"""
FIRST_BAD: Final = rf"""
    WITH told AS (
        SELECT number, prev, hash, version, octet_length(canonical) AS size, convert_to(canonical, 'UTF8') AS bytes,
            convert_to('{{"address":"' || {escaped("address")} || '",', 'UTF8') AS ahead,
            convert_to(
                CASE WHEN strpos(canonical, '\') = 0 THEN {frame(as_it_is)} ELSE {frame(escaped)} END, 'UTF8'
            ) AS behind,
            {MIDDLE} AS middle
        FROM audit_entry WHERE number > %(after)s AND number <= %(until)s
        ORDER BY number OFFSET 0
    ), judged AS (
        SELECT number, prev, hash,
            encode(sha256(bytes), 'hex') <> hash OR version <> 1
            OR size < length(ahead) + length(behind)
            OR substr(bytes, 1, length(ahead)) <> ahead OR substr(bytes, size - length(behind) + 1) <> behind
            OR ('{{' || convert_from(substr(bytes, length(ahead) + 1, size - length(ahead) - length(behind)), 'UTF8')
                || '}}')::jsonb::text <> middle AS is_bad
        FROM told
        OFFSET 0
    ), linked AS (
        SELECT number, prev, is_bad,
            lag(number, 1, %(number)s::bigint) OVER follows AS number_before,
            lag(hash, 1, %(hash)s::varchar) OVER follows AS hash_before
        FROM judged WINDOW follows AS (ORDER BY number)
    )
    SELECT min(number) FROM linked
    WHERE is_bad IS NOT FALSE OR number <> number_before + 1 OR prev <> hash_before
"""  # noqa: S608 - of constants
