"""The one SQL statement that reads a stretch of the log and finds its first bad entry.

The canonical text of an entry is built again from its columns, in the form of version 1, and compared byte by byte.
The two columns of JSON are the exception: PostgreSQL keeps no order of keys, so their part of the text is read as JSON
and compared as PostgreSQL writes it, which still tells 1 from 1.0. Texts without a quote or a backslash, nearly all,
need no escaping; that is what makes the pass no dearer than a few SHA-256 passes.
"""

from collections.abc import Callable
from typing import Final

#: What comes before the JSON of ``after``, and what comes behind that of ``before``, in the order of the keys.
AHEAD: Final = ("address",)
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
TEXTS: Final = tuple(name for name in (*AHEAD, *BEHIND) if name not in NUMBERS)


def frame(names: tuple[str, ...], quoted: Callable[[str], str]) -> str:
    """Write the SQL that gives ``"name":value`` for each column, with commas between."""
    return " || ',' || ".join(f"'\"{name}\":' || {written(name, quoted)}" for name in names)


def written(name: str, quoted: Callable[[str], str]) -> str:
    return f"coalesce({name}::text, 'null')" if name in NUMBERS else quoted(name)


def plain(name: str) -> str:
    return f"'\"' || {name} || '\"'"


def escaped(name: str) -> str:
    return f"to_json({name}::text)::text"


def chosen(names: tuple[str, ...], before: str, after: str) -> str:
    """Write a part of the text the quick way, or the exact one where something has to be escaped."""
    texts = " || ".join(name for name in names if name in TEXTS)
    ways = (f"{before} || {frame(names, way)} || {after}" for way in (escaped, plain))
    return "CASE WHEN ({}) ~ '[\"\\\\]' THEN {} ELSE {} END".format(texts, *ways)


# As PostgreSQL writes an object of these three: shorter keys first.
MIDDLE: Final = """
    '{"at": ' || to_char(at AT TIME ZONE 'UTC', '"\\""YYYY-MM-DD"T"HH24:MI:SS.US"Z\\""')
    || ', "after": ' || coalesce(after::text, 'null') || ', "before": ' || coalesce(before::text, 'null') || '}'
"""
FIRST_BAD: Final = f"""
    WITH told AS (
        SELECT number, prev, hash, version, octet_length(canonical) AS size, convert_to(canonical, 'UTF8') AS bytes,
            convert_to({chosen(AHEAD, "'{'", "','")}, 'UTF8') AS ahead,
            convert_to({chosen(BEHIND, "','", "'}'")}, 'UTF8') AS behind,
            {MIDDLE} AS middle
        FROM audit_entry WHERE number > %(after)s AND number <= %(until)s
        OFFSET 0
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
