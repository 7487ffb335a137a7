"""Evidence is told by its bytes; its name is made safe whatever it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.funding.closing.attachments import LARGEST, LONGEST_NAME, BadAttachment, attachment_of, safe_name

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
GOOD = [
    ("letter.pdf", b"%PDF-1.7\n", "application/pdf"),
    ("LETTER.PDF", b"%PDF-1.4\n", "application/pdf"),
    ("screen.png", PNG, "image/png"),
    ("photo.jpg", b"\xff\xd8\xff\xe0rest", "image/jpeg"),
    ("photo.jpeg", b"\xff\xd8\xff\xe1rest", "image/jpeg"),
    ("rows.csv", "id,name\n1,نورة\n".encode(), "text/csv"),
    ("note.txt", b"\xef\xbb\xbfHello\r\n", "text/plain"),
    ("mail.eml", b"Received: from mx\r\nSubject: Order\r\n\r\nNo such order.", "message/rfc822"),
]
BAD = [
    ("letter.pdf", b"", "empty"),
    ("letter.pdf", b"%PDF-" + b"0" * LARGEST, "larger than 5 MB"),
    ("letter.exe", b"MZ", "attach PDF"),
    ("letter", b"%PDF-1.7", "attach PDF"),
    ("letter.svg", b"<svg/>", "attach PDF"),
    ("letter.pdf.html", b"%PDF-1.7", "attach PDF"),
    ("letter.pdf", b"MZ\x90", "does not hold"),
    ("letter.pdf", b" %PDF-1.7", "does not hold"),
    ("screen.png", b"%PDF-1.7", "does not hold"),
    ("photo.jpg", PNG, "does not hold"),
    ("note.txt", b"a\x00b", "does not hold"),
    ("note.txt", b"\xff\xfe\x00", "does not hold"),
    ("note.txt", b" \n<script>alert(1)</script>", "does not hold"),
    ("rows.csv", b"<!DOCTYPE html><p>", "does not hold"),
    ("mail.eml", b"no header at all\n", "does not hold"),
]


@pytest.mark.parametrize(("name", "content", "media_type"), GOOD)
def test_a_file_is_what_its_bytes_say(name: str, content: bytes, media_type: str) -> None:
    kept = attachment_of(name, content)

    assert (kept.media_type, kept.content, kept.size) == (media_type, content, len(content))


@pytest.mark.parametrize(("name", "content", "sentence"), BAD)
def test_it_refuses_a_file_that_is_not_evidence(name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(BadAttachment, match=sentence):
        attachment_of(name, content)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("letter.pdf", "letter.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\maya\\letter.pdf", "letter.pdf"),
        ("<script>alert(1)</script>.pdf", "script.pdf"),
        ('<img src="x">.pdf', "img src_x.pdf"),
        ("letter\u202efdp.exe", "letterfdp.exe"),
        ("let\r\nter.pdf", "letter.pdf"),
        ("..pdf", "pdf"),
        (".pdf", "pdf"),
        ("", "evidence"),
        ("رسالة.pdf", "رسالة.pdf"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300))
def test_no_name_can_leave_its_folder_its_line_or_its_page(name: str) -> None:
    safe = safe_name(name)

    assert safe
    assert len(safe) <= LONGEST_NAME + 9
    assert not set("/\\<>\"'&\r\n\x00\u202e\u2066") & set(safe)
    assert not safe.startswith(".")
