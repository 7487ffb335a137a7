"""Why a transaction does not pass a test, in one sentence each."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from backoffice.money import Money
from backoffice.reconciliation.bitnob.checking import STUCK_AFTER
from backoffice.reconciliation.models import Fault, TransactionFinding
from backoffice.transactions.units import for_people

#: Faults whose expected and actual are amounts in the smallest unit.
IN_UNITS = (Fault.DETAIL_DIFFERS, Fault.REVERSED_UNLINKED)
SENTENCES = {
    Fault.DETAIL_DIFFERS: _(
        "Would match if the look-up by id said %(expected)s; it says %(actual)s, and the fee is not what lies between."
    ),
    Fault.SIDE_CONTRADICTS: _("The sign of the amount says %(expected)s, and Bitnob says %(actual)s."),
    Fault.FINAL_CHANGED: _("It was final with %(expected)s, and Bitnob now says %(actual)s."),
    Fault.REVERSED_UNLINKED: _("Would match if a reversal of %(expected)s stood under its reference; there is none."),
    Fault.REVERSAL_UNLINKED: _("It takes something back, and nothing of this amount stands under its reference."),
    Fault.REFERENCE_SHARED: _("Transaction %(counterpart)s carries the same reference, and the two are not one trade."),
    Fault.STATE_UNKNOWN: _("Bitnob documents no state %(actual)s, so nobody knows whether this is final."),
    Fault.STUCK: _("Still %(actual)s after more than %(hours)d hours."),
}
STILL_SETTLED = _("It takes back transaction %(counterpart)s, which is still %(actual)s. Read that one again.")


def sentence_of(finding: TransactionFinding) -> str:
    """Say what is wrong, with both sides."""
    fault = Fault(finding.fault)
    is_still = fault == Fault.REVERSAL_UNLINKED and finding.counterpart is not None
    template = STILL_SETTLED if is_still else SENTENCES[fault]
    return str(template) % {
        "expected": side(finding, finding.expected),
        "actual": side(finding, finding.actual),
        "counterpart": str(finding.counterpart)[:8],
        "hours": STUCK_AFTER.total_seconds() // 3600,
    }


def side(finding: TransactionFinding, text: str) -> str:
    """An amount in its currency, or a word as it is."""
    if finding.fault not in IN_UNITS or not text:
        return text
    said = for_people(Decimal(text), finding.currency)
    return str(Money(said.amount, said.name))
