"""The folder that scheduled files are laid into lies apart from the one where built files wait."""

from pathlib import Path

import pytest
from pytest_django import Settings

from backoffice.checks_of_folders import folders_are_apart


@pytest.mark.parametrize(
    ("kept", "laid_down", "is_right"),
    [("a", "b", True), ("a", "", True), ("a", "a", False), ("a", "a/b", False), ("a/b", "a", False), ("a", "ab", True)],
)
def test_the_start_stops_where_one_lies_within_the_other(
    settings: Settings, tmp_path: Path, kept: str, laid_down: str, is_right: bool
) -> None:
    settings.EXPORT_DIRECTORY = tmp_path / kept
    settings.EXPORT_FOLDER = str(tmp_path / laid_down) if laid_down else ""
    assert (not list(folders_are_apart())) is is_right
