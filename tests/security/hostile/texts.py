"""What is typed where something else belongs: bytes as they travel, percent-encoded where they stand in an address."""

from typing import Final

NINES: Final = "9" * 5_000
#: Bytes that are no text of ours: NUL, half a surrogate pair, an overlong slash, a byte order mark, bare bytes.
BROKEN: Final[tuple[bytes, ...]] = (
    b"\x00",
    b"a\x00b",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xc0\xaf",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xf4\x90\x80\x80",
    b"\x80",
)
NUMBERS: Final = (
    *(
        "1" + "0" * 30,
        NINES,
        "-1",
        "0",
        "-0",
        "NaN",
        "sNaN",
        "Infinity",
        "1e999999999",
        "1e-999999999",
        "0x10",
        "1_000",
    ),
    *(
        "١٢٣",
        "１２３",
        "²",
        "1,000.00",
        "1.0000000000000000001",
        str(2**31),
        str(2**63),
        str(-(2**63) - 1),
        "+1",
        " 1 ",
    ),
)
DAYS: Final = (
    *("0001-01-01", "9999-12-31", "0000-00-00", "2026-02-30", "2026-13-01", "-2026-01-01", "10000-01-01", "today"),
    *("2026-11-21T25:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"),
)
WORDS: Final = (
    *(
        "'",
        '"',
        "\\",
        "%",
        "_",
        ";--",
        "' OR 1=1 --",
        "1; DROP TABLE funding_operation",
        "$$",
        "\\u0000",
        "{",
        "[]",
        "{}",
    ),
    *("<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "{{7*7}}", "{% debug %}", "%s%n", "${7*7}"),
    *("=1+1", "@SUM(1)", "\u202etxt.exe", "\u200b", "\ufeff", "\U0001f4b8", "a\u0301" * 50, "ﷺ" * 50, "\r\nX-Evil: 1"),
    *("../../etc/passwd", "file:///etc/passwd", "http://[", "//evil.example", "javascript:alert(1)", "null", "true"),
    *("((((", "(" * 500 + ")" * 500, "a" * 100_000, "\t", " ", "__class__", "__proto__", "constructor"),
)
#: Names of columns, orders and lookups that nobody may choose.
LOOKUPS: Final = (
    *("-password", "password", "person__password", "raw__contains", "-", "--created", "created,id", "?", "id__in", "*"),
    *("client__pk", "pk", "created_at__year__regex", "requested_by__email", "amount__gte", "raw"),
)
TEXTS: Final[tuple[bytes, ...]] = (*BROKEN, *(text.encode() for text in (*NUMBERS, *DAYS, *WORDS, *LOOKUPS)))
#: Parameters every list of ours knows, and some that none does.
COMMON_NAMES: Final = (
    *(
        "page",
        "page_size",
        "after",
        "before",
        "q",
        "sort",
        "part",
        "lane",
        "state",
        "status",
        "asset",
        "client",
        "kind",
    ),
    *("person", "type", "event", "result", "created_from", "created_to", "amount_min", "amount_max", "next", "format"),
    *(
        "is_staff",
        "role",
        "approved_by",
        "requested_by",
        "reference",
        "fingerprint",
        "credential",
        "code",
        "columns",
        "",
    ),
)
