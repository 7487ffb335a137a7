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


#: Of the many entries that say nothing of before only ``after`` has to be read as JSON; what follows it is text.
NO_BEFORE: Final = """CASE WHEN before IS NULL THEN ',"at":' || moment || ',"before":null' ELSE '' END"""
# As PostgreSQL writes an object of these three: shorter keys first.
MIDDLE: Final = """
    CASE WHEN before IS NULL THEN coalesce(after::text, 'null') ELSE
        '{"at": ' || moment || ', "after": ' || coalesce(after::text, 'null') || ', "before": ' || before::text || '}'
    END
"""
BETWEEN: Final = "convert_from(substr(bytes, ahead + 1, size - ahead - length(behind)), 'UTF8')"
# Every text is text, and none varchar: for that PostgreSQL has operators of its own, which nobody's can stand in for.
TEXTS: Final = ", ".join(
    f"{name}::text AS {name}" for name in ("address", "canonical", "hash", *BEHIND) if name not in NUMBERS
)
# A year before our era is written like one of it.
MOMENT: Final = r"""
    CASE WHEN at >= timestamptz '0001-01-01 00:00:00+00'
        THEN to_char(at AT TIME ZONE 'UTC', '"\""YYYY-MM-DD"T"HH24:MI:SS.US"Z\""') ELSE 'null' END
"""
FIRST_BAD: Final = rf"""
    WITH asked AS (
        SELECT number, at, person_id, before, after, version, {TEXTS}
        FROM audit_entry WHERE number > %(after)s AND number <= %(until)s
    ), dated AS (
        SELECT *, {MOMENT} AS moment, '{{"address":"' || {escaped("address")} || '","after":' AS beginning
        FROM asked ORDER BY number OFFSET 0
    ), told AS (
        SELECT number, prev, hash, version, convert_to(canonical, 'UTF8') AS bytes, octet_length(canonical) AS size,
            starts_with(canonical, beginning) AS begins, octet_length(beginning) AS ahead, before IS NULL AS has_one,
            convert_to({NO_BEFORE} ||
                CASE WHEN strpos(canonical, '\') = 0 THEN {frame(as_it_is)} ELSE {frame(escaped)} END, 'UTF8'
            ) AS behind,
            {MIDDLE} AS middle
        FROM dated ORDER BY number OFFSET 0
    ), judged AS (
        SELECT number, prev, hash,
            encode(sha256(bytes), 'hex') <> hash OR version <> 1
            OR NOT begins OR size < ahead + length(behind) OR substr(bytes, size - length(behind) + 1) <> behind
            OR CASE WHEN has_one THEN {BETWEEN} ELSE '{{"after":' || {BETWEEN} || '}}' END::jsonb::text <> middle
            AS is_bad
        FROM told ORDER BY number OFFSET 0
    ), linked AS (
        SELECT number, prev, is_bad,
            lag(number, 1, %(number)s::bigint) OVER follows AS number_before,
            lag(hash, 1, %(hash)s::text) OVER follows AS hash_before
        FROM judged WINDOW follows AS (ORDER BY number)
    )
    SELECT min(number) FROM linked
    WHERE is_bad IS NOT FALSE OR number <> number_before + 1 OR prev <> hash_before
"""  # noqa: S608 - of constants
