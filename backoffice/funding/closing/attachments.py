"""Files that people attach as evidence: what they really are, told by their bytes, and a name that is safe to keep."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

LARGEST: Final = 5 * 1024 * 1024
FEWEST: Final = 1
MOST: Final = 5
LONGEST_NAME: Final = 100
#: What a browser could take for a page although it is called a text.
_MARKUP: Final = re.compile(rb"\A\s*<(?:!doctype|!--|html|head|body|script|svg|\?xml|iframe|img|a\b)", re.IGNORECASE)
_HEADER: Final = re.compile(rb"\A(?:From |[A-Za-z][A-Za-z0-9-]*:)")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_UNSAFE: Final = re.compile(r"[^\w .()+@,-]+")


class BadAttachment(Exception):
    """A file cannot be kept as evidence. The text is a sentence for the person who chose it."""


@dataclass(frozen=True)
class Attachment:
    """One file: a safe name, what its bytes are, the bytes and their SHA-256."""

    name: str
    media_type: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def attachment_of(name: str, content: bytes) -> Attachment:
    """Return the file as it is kept.

    :raises BadAttachment: when it is empty, too large, or not what its name says.
    """
    safe = safe_name(name)
    if not content:
        raise BadAttachment(_("%(name)s is empty. Choose the file again.") % {"name": safe})
    if len(content) > LARGEST:
        raise BadAttachment(_("%(name)s is larger than 5 MB. Attach the page that matters.") % {"name": safe})
    kind = KINDS.get(safe.rpartition(".")[2].lower())
    if kind is None:
        raise BadAttachment(_("%(name)s: attach PDF, PNG, JPEG, CSV, TXT or EML.") % {"name": safe})
    media_type, is_one = kind
    if not is_one(content):
        raise BadAttachment(_("%(name)s does not hold what its name says. Choose the original file.") % {"name": safe})
    return Attachment(safe, media_type, content)


def safe_name(name: str) -> str:
    """Return the last part of a file's name in letters, digits and a few signs, bounded; never empty.

    Folders, markup, line breaks and characters that turn the line round are taken out, so that the name can stand in a
    page, in a header and in a folder.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFKC", name))[-1]
    kept = "".join(character for character in last if unicodedata.category(character)[0] != "C")
    stem, point, ending = _UNSAFE.sub("_", kept).strip(" ._").rpartition(".")
    if not point:
        stem, ending = ending, ""
    stem = stem.strip(" ._") or "evidence"
    return f"{stem[:LONGEST_NAME]}.{ending[:8]}" if ending else stem[:LONGEST_NAME]


def _begins_with(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(signatures)


def _is_text(content: bytes) -> bool:
    """UTF-8 without control characters, and nothing a browser would take for a page."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not _CONTROLS.search(text) and not _MARKUP.match(text.encode()[:1024])


def _is_mail(content: bytes) -> bool:
    return _is_text(content) and bool(_HEADER.match(content.removeprefix(b"\xef\xbb\xbf")))


KINDS: Final[dict[str, tuple[str, Callable[[bytes], bool]]]] = {
    "pdf": ("application/pdf", _begins_with(b"%PDF-")),
    "png": ("image/png", _begins_with(b"\x89PNG\r\n\x1a\n")),
    "jpg": ("image/jpeg", _begins_with(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", _begins_with(b"\xff\xd8\xff")),
    "csv": ("text/csv", _is_text),
    "txt": ("text/plain", _is_text),
    "eml": ("message/rfc822", _is_mail),
}
