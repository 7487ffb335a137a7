"""What the page of Bitnob shows above its findings: the check in figures, and every account."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.reconciliation import policies
from backoffice.reconciliation.balances.columns import badge_of
from backoffice.reconciliation.balances.queries import accounts_of
from backoffice.reconciliation.bitnob.checking import counted_by_the_fee
from backoffice.reconciliation.models import BalanceProof, Run, Verdict
from backoffice.transactions.units import for_people
from backoffice.ui.values import Age, Amount, Badge, Figure


@dataclass(frozen=True)
class Account:
    """One account and its proof, in amounts people read."""

    proof: BalanceProof

    def shown(self, units: Decimal, *, difference: bool = False) -> Amount:
        said = for_people(units, self.proof.asset)
        return Amount(said.amount, said.name, quiet=difference and not units, difference=difference)

    @property
    def opening(self) -> Amount:
        return self.shown(self.proof.opening)

    @property
    def effects(self) -> Amount:
        return self.shown(self.proof.effects)

    @property
    def count_text(self) -> str:
        count = self.proof.orders_count
        return ngettext("%(n)s transaction", "%(n)s transactions", count) % {"n": f"{count:,}"}

    @property
    def live(self) -> Amount:
        return self.shown(self.proof.live)

    @property
    def age(self) -> Age:
        return Age(self.proof.live_at)

    @property
    def difference(self) -> Amount:
        return self.shown(self.proof.difference, difference=True)

    @property
    def badge(self) -> Badge:
        return badge_of(self.proof)


def context_of(run: Run | None, person: Person) -> dict[str, Any]:
    """The check in figures, its accounts, and whether this person may ask for another."""
    return {
        "run": run,
        "figures": figures_of(run) if run else [],
        "accounts": [Account(proof) for proof in accounts_of(run)],
        "can_reconcile": policies.can_reconcile(person),
    }


def figures_of(run: Run) -> list[Figure]:
    faulty = run.exceptions_count
    by_fee = counted_by_the_fee()
    told = ngettext("%(n)s differs from its detail by the fee", "%(n)s differ from their detail by the fee", by_fee)
    said = _("Bitnob's own count: %(n)s") % {"n": f"{run.partner_total:,}"} if run.partner_total is not None else ""
    return [
        Figure(_("Transactions"), run.theirs_count, note=said),
        Figure(_("Sound"), run.counts.get(Verdict.MATCHED, 0), note=told % {"n": f"{by_fee:,}"} if by_fee else ""),
        Figure(
            _("With a fault"),
            faulty,
            note=_("To be looked at") if faulty else _("Nothing to look at"),
            tone="bad" if faulty else "",
        ),
        Figure(_("Not final yet"), run.counts.get(Verdict.TOO_EARLY, 0), note=_("Read again until they are")),
    ]
