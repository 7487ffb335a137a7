"""Who may import what: the contracts of pyproject.toml, and the rules import-linter has no words for."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "backoffice"
APPS = sorted(path.parent.name for path in PRODUCT.glob("*/apps.py"))


def imports_of(path: Path) -> set[str]:
    """List the modules a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def product_files() -> list[Path]:
    return [path for path in sorted(PRODUCT.rglob("*.py")) if "migrations" not in path.parts]


@pytest.mark.parametrize("path", product_files(), ids=lambda path: str(path.relative_to(PRODUCT)))
def test_no_app_uses_the_views_forms_filters_or_columns_of_another(path: Path) -> None:
    place = path.relative_to(PRODUCT).parts
    app = place[0] if len(place) > 1 else ""
    private = re.compile(rf"^backoffice\.({'|'.join(APPS)})\.(?:\w+\.)*(views|forms|filters|columns)\b")
    foreign = {name for name in imports_of(path) if (found := private.match(name)) and found[1] not in (app, "ui")}
    assert foreign == set() or path.name == "urls.py"


def test_every_library_that_is_imported_is_asked_for_by_name() -> None:
    """One that only comes with another could go with the other's next version."""
    asked = {re.split(r"[\[<>=; ]", line)[0].casefold() for line in (ROOT / "requirements.in").read_text().splitlines()}
    imported = {name.split(".")[0] for path in product_files() for name in imports_of(path)}
    libraries = {name for name in imported if name not in sys.stdlib_module_names and name != "backoffice"}
    sold_as = packages_distributions()
    assert {name for name in libraries if not {one.casefold() for one in sold_as[name]} & asked} == set()


def test_whatever_is_kept_as_ours_is_asked_for_by_the_client_that_refuses_another_accounts() -> None:
    """Look-ups of what is in doubt weigh the environment themselves; health and the demo keep nothing as ours."""
    asking = {path for path in product_files() if "backoffice.mirror.partners.coinmena" in imports_of(path)}
    apart = {"funding/services", "health", "demo"}
    places = {str(path.relative_to(PRODUCT).parent) for path in asking}
    assert places == apart
