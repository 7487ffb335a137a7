"""`.env.example` is the list of the settings: every one that is read, each with a sentence, and no other."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
#: The functions by which `settings.py` reads a variable, whose name is their first argument.
READERS = {"required", "database", "str", "bool", "int", "list", "db_url", "email_url"}


def settings_read() -> set[str]:
    """Name every variable that `settings.py` asks the environment for."""
    nodes = ast.walk(ast.parse((ROOT / "backoffice/settings.py").read_text()))
    calls = [node for node in nodes if isinstance(node, ast.Call) and called(node) in READERS and node.args]
    return {str(call.args[0].value) for call in calls if isinstance(call.args[0], ast.Constant)}


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def settings_explained() -> list[tuple[str, str]]:
    """Give every variable of `.env.example` with the line above it."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = zip(lines, lines[1:], strict=False)
    return [(line.split("=")[0], above) for above, line in pairs if re.match(r"[A-Z_]+=", line)]


def test_the_example_names_every_setting_that_is_read_and_no_other() -> None:
    assert {name for name, _above in settings_explained()} == settings_read()


@pytest.mark.parametrize(("name", "above"), settings_explained())
def test_each_setting_has_a_sentence(name: str, above: str) -> None:
    assert re.match(r"# [A-Z].{15,}", above), name
