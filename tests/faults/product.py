"""Which code a campaign was run on: figures of two versions are never added up."""

import hashlib
from pathlib import Path
from typing import Final

from tests.database import ROOT

#: Apps, and folders or modules of others, that stand above the path of money or beside it; what they declare for the
#: database counts all the same. No schedule calls any of them, nor the modules below, which a test holds them to.
ASIDE: Final = frozenset({"dashboard", "demo", "exports", "health", "people", "transactions"})
ASIDE_IN: Final = {
    "accounts": ("factors", "oidc", "passwords"),
    "approvals": ("control", "ruling", "together"),
    "audit": ("asking", "verifying"),
    "clients": ("balances", "services"),
    "mirror": ("cursors", "places", "reading", "registry"),
    "reconciliation": (
        *("balances", "bitnob", "comparing", "days", "ledger", "packs", "pictures", "reports", "running", "services"),
    ),
}
#: What only speaks HTTP or stands behind a command, and what says how something looks; the partner's pages and listings
#: are another thing.
SHOWING: Final = frozenset(
    {"badges", "columns", "doubt", "filters", "forms", "listing", "management", "page", "pages", "showing", "timeline"}
    | {"urls", "views", "wording"}
)
PARTNERS: Final = ("partner", "sandbox")
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
    names = path.relative_to(ROOT / "backoffice").with_suffix("").parts
    if any(name in DECLARING for name in names):
        return False
    if names[0] in ASIDE or (len(names) > 1 and names[1] in ASIDE_IN.get(names[0], ())):
        return True
    return names[0] not in PARTNERS and any(not SHOWING.isdisjoint(name.split("_")) for name in names)
