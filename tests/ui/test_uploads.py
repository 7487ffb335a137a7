"""No request brings more to the disk than is worth looking at, whoever sends it and wherever."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from backoffice.ui import uploads

SIGN_IN = "/accounts/login/"


def file_of(size: int) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile("letter.pdf", b"x" * size)}


def test_a_request_that_is_too_large_is_refused_before_it_is_read(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST_REQUEST", 1_000)

    assert client.post(SIGN_IN, file_of(2_000)).status_code == 400


def test_a_request_of_a_bearable_size_reaches_its_page(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST_REQUEST", 1_000)

    answer = client.post(SIGN_IN, file_of(500))

    assert answer.status_code != 400 and list(answer.wsgi_request.FILES) == ["file"]
