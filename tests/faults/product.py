"""Which code a campaign was run on: figures of two versions are never added up."""

import hashlib
from pathlib import Path
from typing import Final

from tests.database import ROOT

#: Apps that only show what there is, and modules that only speak HTTP, name columns or say what a page shows; a page of
#: the partner's is another thing. No schedule calls any of them, which a test holds them to; what they declare for the
#: database counts all the same.
SHOWING: Final = ("dashboard", "demo", "exports", "health", "people")
PAGES: Final = ("views", "forms", "urls", "columns", "pages", "doubt", "timeline")
DECLARING: Final = ("models", "migrations")


def product() -> str:
    """Name the code that schedules run: the product but what they cannot reach, and the rig without its tests."""
    reached = [path for path in ROOT.glob("backoffice/**/*.py") if not is_out_of_reach(path)]
    digest = hashlib.sha256()
    for path in sorted([*reached, *ROOT.glob("tests/faults/[!t]*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def is_out_of_reach(path: Path) -> bool:
    """Tell whether no schedule calls a file of the product."""
    app, *names = path.relative_to(ROOT / "backoffice").with_suffix("").parts
    if any(name in DECLARING for name in names):
        return False
    return app in SHOWING or (app != "partner" and any(name.partition("_")[0] in PAGES for name in names))
