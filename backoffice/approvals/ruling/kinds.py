"""What is particular about each kind of thing that rules gate."""

from datetime import timedelta
from typing import Final

from backoffice.approvals.models import RuleKind

#: Kinds that are asked for with a client, an asset and an amount; rules of the others can name none of them.
MONEY: Final = (RuleKind.WITHDRAWAL, RuleKind.DEPOSIT)
#: What never goes through on one person's word: each needs a rule that catches whatever no other rule does.
NEVER_UNGATED: Final = (
    RuleKind.WITHDRAWAL,
    RuleKind.CLOSING,
    RuleKind.RELEASE,
    RuleKind.ACCOUNT,
    RuleKind.RULES,
    RuleKind.REOPENING,
    RuleKind.RESOLUTION,
)
#: What is refused where no rule matches it. A file needs a rule only where some row of it is gated by none itself.
BLOCKED_WITHOUT: Final = (*NEVER_UNGATED, RuleKind.BULK)
#: Kinds for which one manager may be barred beside who asks: who froze, or whose account it is.
ONE_BARRED: Final = (RuleKind.RELEASE, RuleKind.ACCOUNT)

SHORTEST: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=30)
MOST_PEOPLE: Final = 9
