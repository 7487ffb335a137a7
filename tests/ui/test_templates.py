"""What no template and no script of ours may hold: under the strict policy it is dangerous, or silently dead."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SPRITE = re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/vendor/icons.svg").read_text(encoding="utf-8"))

FORBIDDEN = {
    "the safe filter": r"\|\s*safe\b|\bsafeseq\b|{%\s*autoescape\s+off",
    "an inline style": r"\sstyle\s*=|<style\b",
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "an event handler in an attribute": r"\son[a-z]+\s*=\s*[\"']",
    "hx-on, dead with eval off": r"\b(?:data-)?hx-on\b",
    "js: or javascript: values, dropped with eval off": r"[\"'\s{:](?:js|javascript):",
    "a trigger filter, ignored with eval off so that the request fires anyway": r"hx-trigger=\"[^\"]*\[",
    "hx-vals or hx-headers evaluated as script": r"hx-(?:vals|vars|headers)=[\"'](?:js|javascript):|\bhx-vars\b",
    "a foreign address": r"(?:src|href|action)=\"(?:https?:)?//",
    "an HTML comment, which reaches the reader": r"<!--",
}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_holds_nothing_the_policy_forbids(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [fault for fault, pattern in FORBIDDEN.items() if re.search(pattern, text)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_compiles(path: Path) -> None:
    get_template(named(path))


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.parent.name == "ui"], ids=named)
def test_a_component_opens_with_a_comment_on_its_inputs(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[1 if lines[0].startswith("{% extends") else 0].startswith("{#")


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_form_that_posts_carries_the_token(path: Path) -> None:
    forms = re.findall(r'<form[^>]*method="post".*?</form>', path.read_text(encoding="utf-8"), re.DOTALL)
    assert [form[:80] for form in forms if "csrf_token" not in form] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_draws_only_icons_of_the_sprite(path: Path) -> None:
    drawn = re.findall(r'{%\s*icon\s+"([^"]+)"', path.read_text(encoding="utf-8"))
    assert set(drawn) - set(SPRITE) == set()


def python_sources() -> Iterator[Path]:
    return (ROOT / "backoffice").rglob("*.py")


def test_no_python_marks_text_as_safe() -> None:
    pattern = re.compile(r"\bmark_safe\b|SafeString\((?!['\"]|render_to_string)")
    assert [path.name for path in python_sources() if pattern.search(path.read_text(encoding="utf-8"))] == []


def test_the_script_evaluates_nothing_and_writes_no_markup() -> None:
    script = (ROOT / "static/js/app.js").read_text(encoding="utf-8")
    assert not re.search(
        r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\.style\b", script
    )


def test_our_styles_shout_nowhere_and_mirror_by_themselves() -> None:
    physical = (
        r"!important|(?:margin|padding|border)-(?:left|right)\b|[;{\s](?:left|right)\s*:|text-align:\s*(?:left|right)"
    )
    styles = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "static/css").glob("*.css")}
    without_comments = {name: re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL) for name, text in styles.items()}
    assert [name for name, text in without_comments.items() if re.search(physical, text)] == []
