"""Why a transaction of Bitnob or a balance is an exception: the test it did not pass, and one sentence."""

from django.utils.translation import gettext as _

from backoffice.money import exact_sum, format_amount
from backoffice.reconciliation.bitnob.wording import sentence_of, side
from backoffice.reconciliation.comparing.explanation import Test
from backoffice.reconciliation.exceptions.naming import verdict_label
from backoffice.reconciliation.exceptions.queries import newest_sighting
from backoffice.reconciliation.exceptions.telling import Told
from backoffice.reconciliation.models import BalanceProof, ExceptionItem, Run, Source, TransactionFinding
from backoffice.ui import times
from backoffice.ui.values import CheckResult


def a_transaction(item: ExceptionItem) -> Told:
    """The one test a transaction did not pass, or the proof of its account."""
    if item.transaction_id is None:
        return a_balance(item)
    sighting = newest_sighting(item)
    found = finding_of(item, sighting.run) if sighting else None
    if found is None:
        return Told(_("It passes this test by now."))
    expected, actual = (side(found, text) for text in (found.expected, found.actual))
    return Told(sentence_of(found), [Test(verdict_label(found.fault), expected, actual, CheckResult.FAILED)])


def finding_of(item: ExceptionItem, run: Run) -> TransactionFinding | None:
    return run.transaction_findings.filter(transaction_id=str(item.transaction_id), fault=item.verdict).first()


def a_balance(item: ExceptionItem) -> Told:
    """Opening and effects against the balance the partner says there is."""
    proof = proof_of(item)
    if proof is None:
        return Told()
    unit = _("%(asset)s, smallest unit") % {"asset": proof.asset} if proof.account else proof.asset
    should = format_amount(exact_sum([proof.opening, proof.effects]))
    tests = [
        Test(_("Opening balance"), format_amount(proof.opening), opened_text(proof), CheckResult.PASSED),
        Test(
            _("Effects of the orders since"),
            format_amount(proof.effects),
            f"{proof.orders_count:,}",
            CheckResult.PASSED,
        ),
        Test(_("Balance, %(unit)s") % {"unit": unit}, should, format_amount(proof.live), CheckResult.FAILED),
    ]
    said = {"should": should, "live": format_amount(proof.live), "at": times.written(proof.live_at)}
    return Told(_("Opening and effects come to %(should)s; on %(at)s the partner said %(live)s.") % said, tests)


def proof_of(item: ExceptionItem) -> BalanceProof | None:
    """The proof that saw it last; the key ends with the asset, and names the client or the account before it."""
    sighting = newest_sighting(item)
    if sighting is None:
        return None
    name, _colon, asset = item.key.removeprefix("balance:").rpartition(":")
    whose = {"account": name} if item.source == Source.TRANSACTIONS else {"client": name}
    return BalanceProof.objects.filter(run=sighting.run, asset=asset, **whose).first()


def opened_text(proof: BalanceProof) -> str:
    if proof.opened_at is None:
        return _("before the first one known")
    return times.written(proof.opened_at)
