"""What the rules would have demanded of each deed of the story on the day it was done."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from backoffice.approvals.matching import Facts, Rulebook
from backoffice.approvals.models import Rule
from backoffice.demo.story import Deed
from backoffice.money import exact_sum

DAY: Final = timedelta(hours=24)


def demanded(deeds: Iterable[Deed], book: Rulebook) -> list[tuple[Deed, Rule | None]]:
    """Tell the deeds, which are oldest first, each with the rule that gates it; None where none does."""
    told: list[Deed] = []
    found = []
    for deed in deeds:
        found.append((deed, book.gate(_facts_of(deed, told))))
        told.append(deed)
    return found


def _facts_of(deed: Deed, before: list[Deed]) -> Facts:
    """Return what the rules see of a deed: the day's total counts what waited or had moved, itself included."""
    same = [one for one in before if (one.kind, one.client, one.asset) == (deed.kind, deed.client, deed.asset)]
    counting = [one.amount for one in same if one.counts and one.sent_at > deed.asked_at - DAY]
    return Facts(
        kind=deed.kind,
        asset=deed.asset,
        client=deed.client,
        amount=deed.amount,
        day_total=exact_sum([*counting, deed.amount]),
    )
