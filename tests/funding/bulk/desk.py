"""Who sits at the pages of files, and how a file is sent there."""

from typing import Any, Final

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

UPLOAD: Final = "/funding/bulk/upload/"
FINANCE, MANAGER, AUDITOR = "maya", "omar", "vera"


def send(desk: Browser, content: bytes, name: str = "payments.csv") -> Any:
    """Upload a file as the form does: ``arrived`` stands behind it."""
    return desk.post(UPLOAD, {"file": SimpleUploadedFile(name, content), "arrived": "yes"})
