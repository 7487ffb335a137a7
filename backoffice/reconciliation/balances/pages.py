"""What the page of the balances shows above its proofs."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.reconciliation import policies
from backoffice.reconciliation.models import PENDING, Run, Verdict
from backoffice.ui.values import Figure


def context_of(run: Run | None, person: Person, *, unread: int) -> dict[str, Any]:
    """The newest run in figures, and whether this person may ask for another."""
    return {
        "run": run,
        "figures": figures_of(run, unread) if run else [],
        "all_wait": run is not None and waiting(run) > 0 and waiting(run) == run.rows_count,
        "can_reconcile": policies.can_reconcile(person),
    }


def figures_of(run: Run, unread: int) -> list[Figure]:
    """How the balances came out. What waits is judged by a later run."""
    pending = waiting(run)
    differing = run.exceptions_count
    return [
        Figure(_("Even or explained"), run.counts.get(Verdict.MATCHED, 0), note=_("Opening and orders come to it")),
        Figure(
            _("Differ"),
            differing,
            note=_("To be looked at") if differing else _("Nothing to look at"),
            tone="bad" if differing else "",
            url=f"{reverse('reconciliation:balances')}?outcome=differs",
        ),
        Figure(_("Wait"), pending, note=_("Judged once the orders are read past them")),
        Figure(_("To be read"), unread, note=_("Clients never read, or more than six hours ago")),
    ]


def waiting(run: Run) -> int:
    """How many balances were read after the orders, or so close to an order that nobody can tell."""
    return sum(run.counts.get(one, 0) for one in PENDING)
