"""``python -m tests.security.book``: write the lists of docs/security.md; with ``--check`` say whether they are stale.

Everything above the first mark in that file is written by hand.
"""

import os
import sys

import django


def main() -> int:
    from tests import settings  # noqa: F401  (the environment Django needs)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.security.book.document import PATH, document
    from tests.security.book.lists import unanswered, unknown_references

    if unknown := unknown_references():
        return say(f"docs/security.md names what is not there: {', '.join(unknown)}", 1)
    if bare := unanswered():
        return say(f"docs/security.md gives neither a test nor a reason for: {', '.join(bare)}", 1)
    if PATH.read_text() == document():
        return say("docs/security.md is up to date.", 0)
    if "--check" in sys.argv:
        return say("docs/security.md is stale. Run `make fix`.", 1)
    PATH.write_text(document())
    return say("docs/security.md was written.", 0)


def say(text: str, code: int) -> int:
    print(text)  # noqa: T201  (a command line talks to the person who typed it)
    return code


if __name__ == "__main__":
    sys.exit(main())
