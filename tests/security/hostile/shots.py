"""One hostile request, and an endless supply of them out of one seed."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote_from_bytes

from tests.security.hostile.texts import COMMON_NAMES, DAYS, LOOKUPS, NUMBERS, TEXTS

FORM: Final = "application/x-www-form-urlencoded"
BOUNDARY: Final = "xxBOUNDARYxx"
MULTIPART: Final = f"multipart/form-data; boundary={BOUNDARY}"
#: What a form may carry in memory, and a little more.
TWO_MEGABYTES: Final = 2 * 1024 * 1024


@dataclass(frozen=True)
class Target:
    """One address that is shot at, and the fields its page really has, each with what would be taken there."""

    name: str
    path: str
    fields: Mapping[str, str] = field(default_factory=dict)
    #: A token of a page that follows, as the list itself gave it.
    cursor: str = ""
    #: Who gets in there: every second shot is theirs, or most would be turned away at the door.
    welcome: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shot:
    """A request as it travels: an address already percent-encoded, headers and body as they are."""

    who: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = ""
    kind: str = ""
    #: The URL name of what it is aimed at.
    address: str = ""

    def in_short(self) -> "Shot":
        """As much of it as tells what it was: some are megabytes long."""
        headers = tuple((name, text[:80]) for name, text in self.headers)
        return replace(self, target=self.target[:200], headers=headers, body=self.body[:80])

    def __str__(self) -> str:
        return f"{self.kind}: {self.method} {self.target} as {self.who} {self.headers} {self.body!r}"


@dataclass
class Gunner:
    """Makes shots at addresses, as everybody, from a seed: the same seed gives the same shots."""

    targets: Sequence[Target]
    crowd: Sequence[str]
    seed: int = 1
    #: The longest address and header: a web server in front takes no more than some thousand bytes.
    longest: int = 3_000_000
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def shots(self) -> Iterator[Shot]:
        """Every address as everybody in turn, each time by another attack."""
        while True:
            for target in self.chance.sample(self.targets, len(self.targets)):
                shot = self.aimed(target)
                yield replace(shot, headers=tuple((name, text[: self.longest]) for name, text in shot.headers))

    def aimed(self, target: Target) -> Shot:
        who, attack = self.somebody(target), self.chance.choice(ATTACKS)
        shot: Shot = getattr(self, attack)(target)
        headers = shot.headers if self.chance.random() < 0.6 else (*shot.headers, ("HX-Request", "true"))
        aim = shot.target[: self.longest]
        return replace(shot, who=who, headers=headers, target=aim, kind=attack, address=target.name)

    def somebody(self, target: Target) -> str:
        return self.chance.choice(target.welcome if target.welcome and self.chance.random() < 0.5 else self.crowd)

    # What is attacked --------------------------------------------------------------------------------------------

    def query(self, target: Target) -> Shot:
        """Texts in the parameters of a page, its own and others'."""
        pairs = [(self.name(target), self.text()) for _ in range(self.chance.randint(1, 6))]
        return Shot("", self.reading(), f"{target.path}?{encoded(pairs)}")

    def repeated(self, target: Target) -> Shot:
        """One parameter many times over."""
        name, text = self.name(target), self.text()[:50]
        return Shot("", self.reading(), f"{target.path}?{encoded([(name, text)] * self.chance.choice((2, 40, 1_100)))}")

    def ranges(self, target: Target) -> Shot:
        """Days and amounts that are none, or the wrong way round."""
        first, last = self.chance.choice(DAYS), self.chance.choice(DAYS)
        least, most = self.chance.choice(NUMBERS), self.chance.choice(NUMBERS)
        pairs = [("created_from", last), ("created_to", first), ("amount_min", most), ("amount_max", least)]
        return Shot("", self.reading(), f"{target.path}?{encoded([(name, text.encode()) for name, text in pairs])}")

    def orders(self, target: Target) -> Shot:
        """Orders and columns nobody offers."""
        pairs = [("sort", self.chance.choice(LOOKUPS).encode()), (self.chance.choice(LOOKUPS), self.text())]
        return Shot("", self.reading(), f"{target.path}?{encoded(pairs)}")

    def cursors(self, target: Target) -> Shot:
        """Page tokens that were cut, altered, or made for another list."""
        token = bytearray((target.cursor or "WyJmdW5kaW5nIl0:1vGZ:abcdefghijklmnop").encode())
        for _ in range(self.chance.randint(0, 3)):
            token[self.chance.randrange(len(token))] = self.chance.randrange(256)
        cut = bytes(token[: self.chance.randint(0, len(token))]) * self.chance.choice((1, 1, 200))
        return Shot("", "GET", f"{target.path}?{encoded([('page', cut)])}")

    def crowded(self, target: Target) -> Shot:
        """More ids than anybody could have ticked: in the address, or in the form."""
        many = b",".join(b"%d" % number for number in range(300_000))
        if self.chance.random() < 0.5:
            return Shot("", "GET", f"{target.path}?{self.name(target)}={many.decode()}"[: self.longest])
        return self.posted(
            target, b"&".join(b"selected=%d" % number for number in range(self.chance.choice((999, 300_000))))
        )

    def long_search(self, target: Target) -> Shot:
        """A search of two megabytes, in the address or in the form."""
        if self.chance.random() < 0.5:
            return Shot("", "GET", f"{target.path}?q={'a' * TWO_MEGABYTES}")
        return self.posted(target, b"q=" + b"a" * (TWO_MEGABYTES + self.chance.choice((-2, 1))))

    def form(self, target: Target) -> Shot:
        """The fields of a form, with texts in place of what belongs there, and fields it never had."""
        names = [*target.fields, *self.chance.sample(COMMON_NAMES, 3)]
        pairs = [(name, self.text()[:100_000]) for name in names if self.chance.random() < 0.8]
        return self.posted(target, encoded(pairs).encode())

    def poisoned(self, target: Target) -> Shot:
        """A form as it should be, but for one field, and with one it never had."""
        fields = {name: text.encode() for name, text in target.fields.items()}
        fields[self.name(target)] = self.text()[:100_000]
        return self.posted(target, encoded(fields).encode())

    def formset(self, target: Target) -> Shot:
        """Counts of rows that are not there."""
        total = self.chance.choice((b"1", b"1000000000", b"-1", b"x", b"", NUMBERS[0].encode()))
        pairs = [("form-TOTAL_FORMS", total), ("form-INITIAL_FORMS", b"0"), ("form-0-id", self.text()[:200])]
        return self.posted(target, encoded([*pairs, *((name, self.text()[:200]) for name in target.fields)]).encode())

    def wrong_content(self, target: Target) -> Shot:
        """A body that is not what it says."""
        says = self.chance.choice(
            (
                "application/json",
                "text/xml",
                "text/plain",
                f"{FORM}; charset=utf-16",
                f"{FORM}; charset=none-such",
                "",
                "a",
            )
        )
        body = self.chance.choice((b"", b"{", b"[" * 5_000, json.dumps({"a": "b"}).encode(), self.text()[:100_000]))
        return replace(self.posted(target, body), content_type=says)

    def multipart(self, target: Target) -> Shot:
        """Parts that do not end, names and file names nobody has, encodings that fail."""
        name = self.chance.choice([*target.fields, "file", "evidence", "credential"])
        file_name = self.chance.choice(
            ("../../x.csv", "a\x00.csv", "x" * 3_000, "=cmd.csv", "", "\u202evsc.exe", 'a"; name="b')
        )
        extra = self.chance.choice(
            ("", "Content-Transfer-Encoding: base64\r\n", "Content-Type: text/csv; charset=x\r\n")
        )
        part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n{extra}\r\n'
        ending = self.chance.choice((f"\r\n--{BOUNDARY}--\r\n", f"\r\n--{BOUNDARY}", "", "\r\n--other--"))
        body = part.encode() * self.chance.choice((1, 1, 150)) + self.text()[:100_000] + ending.encode()
        said = self.chance.choice(
            (MULTIPART, MULTIPART, "multipart/form-data", "multipart/form-data; boundary=" + "x" * 300)
        )
        return replace(self.posted(target, body), content_type=said)

    def path(self, target: Target) -> Shot:
        """Objects in the address that are none; addresses too long or beside the point."""
        parts = target.path.strip("/").split("/")
        parts[self.chance.randrange(len(parts))] = quote_from_bytes(self.text()[:20_000], safe="")
        broken = "/" + "/".join(parts) + self.chance.choice(("/", "", "//", "/../", ";a=b/", "/."))
        return Shot("", self.method(), broken)

    def headers(self, target: Target) -> Shot:
        """What a proxy, htmx or a browser never says."""
        said = [self.chance.choice(HEADERS) for _ in range(self.chance.randint(1, 4))]
        chosen = {name: self.header_text(texts) for name, texts in said}
        return Shot("", self.method(), target.path, tuple(chosen.items()))

    def cookies(self, target: Target) -> Shot:
        """Cookies of sessions that never were, and choices nobody offers."""
        name = self.chance.choice(
            ("backoffice_session", "backoffice_csrf", "language", "theme", "density", "shortcuts", "x")
        )
        text = self.chance.choice(
            ("x" * 4_000, "../../etc", "\x7f", '"', "ar", "=;=", "a" * 32, "null", '"\\000"', "é")
        )
        return Shot("", self.reading(), target.path, (("Cookie", f"{name}={text}"),))

    def verbs(self, target: Target) -> Shot:
        """Methods nobody offers."""
        verb = self.chance.choice(
            ("TRACE", "CONNECT", "PROPFIND", "get", "DEBUG", "PUT", "PATCH", "DELETE", "OPTIONS", "X" * 200)
        )
        return replace(self.posted(target, self.text()[:1_000]), method=verb)

    # What it is made of --------------------------------------------------------------------------------------------

    def posted(self, target: Target, body: bytes) -> Shot:
        return Shot("", "POST", target.path, body=body, content_type=FORM)

    def text(self) -> bytes:
        return self.chance.choice(TEXTS)

    def name(self, target: Target) -> str:
        return self.chance.choice([*target.fields] if target.fields and self.chance.random() < 0.5 else COMMON_NAMES)

    def method(self) -> str:
        return self.chance.choice(("GET", "GET", "POST", "HEAD"))

    def reading(self) -> str:
        return self.chance.choice(("GET", "GET", "GET", "POST"))

    def header_text(self, texts: Sequence[str]) -> str:
        return self.chance.choice([*texts, self.text().decode("latin-1")[:2_000].translate(UNSENDABLE)])


#: Bytes no server takes in a header.
UNSENDABLE: Final = {0: None, 10: None, 13: None}
ATTACKS: Final = (
    *(
        "query",
        "query",
        "repeated",
        "ranges",
        "orders",
        "cursors",
        "crowded",
        "long_search",
        "form",
        "poisoned",
        "formset",
    ),
    *("wrong_content", "multipart", "path", "headers", "headers", "cookies", "verbs"),
)
ADDRESSES_ELSEWHERE: Final = (
    "evil.example",
    "127.0.0.1:99999",
    "[::1",
    "a" * 300,
    "testserver@evil.example",
    "127.0.0.1, x",
    "",
)
HEADERS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("Host", ADDRESSES_ELSEWHERE),
    ("X-Forwarded-Host", ADDRESSES_ELSEWHERE),
    ("X-Forwarded-For", ("1.1.1.1", "::", "unknown", ", " * 500, "127.0.0.1")),
    ("X-Forwarded-Proto", ("https", "gopher")),
    ("X-Forwarded-Port", ("0", "99999")),
    ("Forwarded", ("for=127.0.0.1;host=evil.example",)),
    ("X-HTTP-Method-Override", ("DELETE",)),
    ("X-Original-URL", ("/accounts/login/",)),
    ("HX-Current-URL", ("http://[", "//evil.example", "javascript:alert(1)", "http://127.0.0.1/" + "a" * 5_000)),
    ("HX-Boosted", ("true",)),
    ("HX-Target", ("listing", "'", "#x y")),
    ("HX-Trigger", ("{", '{"a":1}', "x" * 5_000)),
    ("HX-Trigger-Name", ("q",)),
    ("HX-Prompt", ("yes",)),
    ("HX-History-Restore-Request", ("true",)),
    ("Referer", ("http://[", "https://evil.example/", "about:blank", "a" * 5_000)),
    ("Origin", ("null", "https://evil.example", "http://[")),
    ("Accept", ("*/*;q=x", "text/html;" * 300)),
    ("Accept-Language", ("ar", "xx-" * 300, "en;q=9", "../../x")),
    ("Accept-Encoding", ("gzip;q=0", "x" * 500)),
    ("Range", ("bytes=0-", "bytes=-1", "bytes=9-1")),
    ("If-None-Match", ('"x"', "*")),
    ("If-Modified-Since", ("Thu, 01 Jan 0001 00:00:00 GMT", "x", "Mon, 99 Foo 99999 99:99:99 GMT")),
    ("Content-Encoding", ("gzip",)),
    ("X-CSRFToken", ("x", "é" * 40, "a" * 64)),
    ("User-Agent", ("", "x" * 5_000, "\u00ff" * 50)),
    ("X-Request-ID", ("x" * 500, "\x1b[31m")),
)


def encoded(pairs: Sequence[tuple[str, bytes]] | Mapping[str, bytes]) -> str:
    """Write parameters as they stand in an address or a form."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(text, safe='')}" for name, text in items)
