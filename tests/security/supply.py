"""``make supply``: the bill of materials, the licences, and whether a library is known to be broken (security.md S39).

The bill (CycloneDX 1.5) is written to var/sbom.json. `pip-audit` asks the index of Python's advisories, so it needs a
network; everything else does not.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LISTS = {"run": ROOT / "requirements.txt", "dev": ROOT / "requirements-dev.txt"}
BILL = ROOT / "var" / "sbom.json"
PIN = re.compile(r"^([A-Za-z0-9][\w.\-]*)(?:\[([^\]]*)\])?==([^\s;\\]+)(?: *; *([^\\\n]+))?", re.MULTILINE)
#: Licences that ask nothing of whoever only runs the product, and the weak copyleft of libraries used as they are.
FREE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software|MPL|Mozilla|LGPL|Lesser|Unlicense|Zlib|PostgreSQL|HPND|CC0")


@dataclass(frozen=True)
class Library:
    """One library as it is pinned."""

    name: str
    version: str
    extras: frozenset[str] = frozenset()

    @property
    def installed(self) -> Distribution:
        """:raises PackageNotFoundError: where it is not installed."""
        return distribution(self.name)

    @property
    def licence(self) -> str:
        """What it says of its licence: the expression, the classifiers, or the first line of the text."""
        metadata: Any = self.installed.metadata
        classifiers = metadata.get_all("Classifier") or []
        classified = [text.split(" :: ")[-1] for text in classifiers if text.startswith("License")]
        said = metadata.get("License-Expression") or ", ".join(classified) or metadata.get("License") or ""
        return str(said).strip().partition("\n")[0]

    @property
    def asks_for(self) -> Iterator[Requirement]:
        """What it needs on this system, with the extras it is pinned with."""
        for needed in map(Requirement, self.installed.requires or ()):
            if not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in {"", *self.extras}):
                yield needed


def libraries(which: str) -> list[Library]:
    """The libraries of a list, as pinned, but for those of other systems."""
    pinned = PIN.findall(LISTS[which].read_text())
    return [
        Library(name, version, frozenset(re.findall(r"[\w\-]+", extras)))
        for name, extras, version, marker in pinned
        if not marker or Marker(marker).evaluate()
    ]


def bill() -> dict[str, object]:
    """What the product runs on, as CycloneDX writes it."""
    components = [
        {
            "type": "library",
            "name": one.name,
            "version": one.version,
            "purl": f"pkg:pypi/{one.name.lower()}@{one.version}",
            "licenses": [{"license": {"name": one.licence}}],
        }
        for one in libraries("run")
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


def main() -> int:
    BILL.parent.mkdir(parents=True, exist_ok=True)
    BILL.write_text(json.dumps(bill(), indent=2) + "\n")
    for one in libraries("run"):
        print(f"{one.name:32} {one.version:14} {one.licence}")  # noqa: T201  (a command line talks)
    command = [str(Path(sys.executable).parent / "pip-audit"), "--strict", "--disable-pip", "--require-hashes"]
    return subprocess.run([*command, *(f"--requirement={path}" for path in LISTS.values())], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
