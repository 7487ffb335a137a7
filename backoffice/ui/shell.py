"""What the frame around every page shows: navigation, freshness of the partners, environment, person.

The dashboard app fills it, because it alone may ask every other app; the frame survives its absence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backoffice.ui.values import Meaning, Person, Text


@dataclass(frozen=True, kw_only=True)
class NavEntry:
    """One entry of the menu. `go_key` is the letter after `g` that opens it; `dock_label` puts it on phones."""

    label: Text
    url: str
    icon: str
    tally: int = 0
    tally_hot: bool = False
    current: bool = False
    go_key: str = ""
    dock_label: Text = ""


@dataclass(frozen=True, kw_only=True)
class NavGroup:
    """Entries that belong together, under a heading or under none."""

    entries: tuple[NavEntry, ...]
    label: Text = ""


@dataclass(frozen=True)
class PartnerFreshness:
    """When a partner was last read; `None` means never."""

    name: str
    at: datetime | None


@dataclass(frozen=True)
class Notice:
    """What holds for every page at once, such as that no money is sent: one line above the page."""

    strong: Text
    text: Text
    meaning: Meaning = Meaning.WARNING


@dataclass(frozen=True, kw_only=True)
class ShellContext:
    """Everything `base.html` needs beside the page itself.

    `environment` is the badge beside the name ("Sandbox"), empty in production. `zone` names the person's zone
    ("Asia/Bahrain, UTC+3"). `here` is the page to come back to, which is not always the address that
    answered. `search_url`, `sign_out_url`, `account_url` and `notices_url` hide what they lead to when empty.
    """

    groups: tuple[NavGroup, ...] = ()
    freshness: tuple[PartnerFreshness, ...] = ()
    environment: Text = ""
    zone: str = ""
    person: Person | None = None
    account_url: str = ""
    sign_out_url: str = ""
    search_url: str = ""
    here: str = "/"
    notices: tuple[Notice, ...] = ()
    notices_url: str = ""

    @property
    def dock(self) -> tuple[NavEntry, ...]:
        """The entries that stand at the foot of a phone, at most four beside the menu."""
        return tuple(entry for group in self.groups for entry in group.entries if entry.dock_label)[:4]

    @property
    def shortcuts(self) -> tuple[NavEntry, ...]:
        """The entries that open with `g` and a letter."""
        return tuple(entry for group in self.groups for entry in group.entries if entry.go_key)
