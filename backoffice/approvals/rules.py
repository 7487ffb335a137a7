"""Which rule asks for a second person. The starting rule is fixed here, with its name and version.

A withdrawal that no rule matches is blocked; a deposit that no rule matches goes straight through (DESIGN.md §7).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: Pinned on what no rule gates, so that "nobody had to approve this" can be told from "nobody did".
RULES_VERSION: Final = 1


@dataclass(frozen=True)
class Rule:
    """What one rule demands of a request it matches."""

    name: str
    version: int
    sentence: str | Promise
    people_needed: int
    validity: timedelta


EVERY_WITHDRAWAL: Final = Rule(
    name="Every withdrawal",
    version=RULES_VERSION,
    sentence=_("Every withdrawal needs one other person, within 24 hours."),
    people_needed=1,
    validity=timedelta(hours=24),
)
EVERY_CLOSING: Final = Rule(
    name="Every closing by hand",
    version=RULES_VERSION,
    sentence=_("Every closing by hand needs one other person, within 7 days."),
    people_needed=1,
    validity=timedelta(days=7),
)
EVERY_RELEASE: Final = Rule(
    name="Every release of a freeze",
    version=RULES_VERSION,
    sentence=_("Every release needs one other person, who is not the one who froze, within 24 hours."),
    people_needed=1,
    validity=timedelta(hours=24),
)
_BY_KIND: Final = {"withdrawal": EVERY_WITHDRAWAL, "closing": EVERY_CLOSING, "release": EVERY_RELEASE}


def rule_for(kind: str) -> Rule | None:
    """Return the rule that gates what is of ``kind``, or None where no rule asks for anybody."""
    return _BY_KIND.get(kind)


def sentence_of(rule_name: str) -> str | Promise:
    """Return what a pinned rule demands, in words; its name where the rule is no longer one of ours."""
    return next((rule.sentence for rule in _BY_KIND.values() if rule.name == rule_name), rule_name)
