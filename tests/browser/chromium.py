"""Find the browser the tests drive, or fetch it: Chromium of the system, else Playwright's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def system_browser() -> str | None:
    """Return the path of an installed Chromium."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch_arguments() -> dict[str, object]:
    """Compose the arguments of `chromium.launch`; as root Chromium has no sandbox of its own."""
    arguments = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    browser = system_browser()
    return {"args": arguments, **({"executable_path": browser} if browser else {})}


def main() -> int:
    if system_browser() or playwright_browser():
        return 0
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.insert(4, "--with-deps")
    if subprocess.run(command, check=False).returncode:
        print("No Chromium is here and none could be fetched. On Debian: apt-get install chromium")  # noqa: T201
        return 1
    return 0


def playwright_browser() -> bool:
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


if __name__ == "__main__":
    sys.exit(main())
