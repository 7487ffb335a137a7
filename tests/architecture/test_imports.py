"""Who may import what: the contracts of pyproject.toml, and the rules import-linter has no words for."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "backoffice"
APPS = sorted(path.parent.name for path in PRODUCT.glob("*/apps.py"))
FILES_THAT_TRANSLATE = ("views", "urls", "forms", "filters", "columns", "templatetags", "middleware")


def imports_of(path: Path) -> set[str]:
    """List the modules a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def product_files() -> list[Path]:
    return [path for path in sorted(PRODUCT.rglob("*.py")) if "migrations" not in path.parts]


@pytest.mark.parametrize("path", product_files(), ids=lambda path: str(path.relative_to(PRODUCT)))
def test_only_the_partner_layer_speaks_http(path: Path) -> None:
    inside = path.is_relative_to(PRODUCT / "partner")
    assert inside or not {"requests", "urllib3"} & {name.split(".")[0] for name in imports_of(path)}


@pytest.mark.parametrize("path", product_files(), ids=lambda path: str(path.relative_to(PRODUCT)))
def test_views_forms_and_the_like_never_reach_a_partner(path: Path) -> None:
    place = path.relative_to(PRODUCT).parts
    if len(place) < 2 or place[0] in ("partner", "sandbox"):
        return
    translates = place[1].removesuffix(".py").startswith(FILES_THAT_TRANSLATE)
    reaches = any(name.startswith("backoffice.partner") for name in imports_of(path))
    assert not (translates and reaches)


@pytest.mark.parametrize("path", product_files(), ids=lambda path: str(path.relative_to(PRODUCT)))
def test_no_app_uses_the_views_forms_filters_or_columns_of_another(path: Path) -> None:
    place = path.relative_to(PRODUCT).parts
    app = place[0] if len(place) > 1 else ""
    private = re.compile(rf"^backoffice\.({'|'.join(APPS)})\.(views|forms|filters|columns)\b")
    foreign = {name for name in imports_of(path) if (found := private.match(name)) and found[1] not in (app, "ui")}
    assert foreign == set() or path.name == "urls.py"
