"""The files of others are exactly those that were reviewed."""

import hashlib
import re
from pathlib import Path

import pytest

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
ROW = re.compile(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)
SUMS = dict(ROW.findall((VENDOR / "VERSIONS.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", sorted(SUMS))
def test_a_vendor_file_has_the_sum_it_was_reviewed_with(name: str) -> None:
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == SUMS[name]


def test_every_vendor_file_is_listed_or_is_a_licence() -> None:
    files = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert {name for name in files if "LICENSE" not in name} == {*SUMS, "VERSIONS.md"}


@pytest.mark.parametrize("name", sorted(name for name in SUMS if name.endswith((".css", ".js"))))
def test_no_vendor_file_points_at_a_source_map(name: str) -> None:
    assert "sourceMappingURL" not in (VENDOR / name).read_text(encoding="utf-8")


def test_our_styles_reach_for_no_foreign_address() -> None:
    styles = (VENDOR.parent / "css").glob("*.css")
    assert not [path.name for path in styles if re.search(r"https?:|//", path.read_text(encoding="utf-8"))]
