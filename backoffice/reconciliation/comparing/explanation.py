"""Why a finding has its verdict: the ordered tests with what was expected, what was found, and one sentence.

The order is the order in which `matching.MATCH` decides: the first test that fails is the verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.funding.states import State
from backoffice.money import format_amount
from backoffice.reconciliation.comparing.matching import FAR_APART, UNSETTLED, WITHOUT_EFFECT_THERE
from backoffice.reconciliation.models import Finding, Run, Source, Verdict
from backoffice.ui import times
from backoffice.ui.values import CheckResult, Text

#: The column of the partner's books an amount stands in (coinmena.md §9.2).
BOOKED_IN: dict[str, Promise] = {
    "deposit": gettext_lazy("Amount, debit because it is a deposit"),
    "withdrawal": gettext_lazy("Amount, credit because it is a withdrawal"),
}


@dataclass(frozen=True)
class Test:
    """One test of a pair: its name, what we expect, what the partner has, how it came out."""

    __test__ = False  # not one of pytest's

    name: Text
    expected: str
    actual: str
    result: CheckResult

    @property
    def is_failed(self) -> bool:
        return self.result == CheckResult.FAILED


def tests_of(finding: Finding, run: Run) -> list[Test]:
    """The tests of one finding, in the order they decide."""
    return [found(finding), single(finding), *compared(finding), timely(finding), read(finding, run)]


def found(finding: Finding) -> Test:
    """Is there one on either side?"""
    here = finding.reference if finding.has_ours else ""
    there = finding.reference if finding.order_id else ""
    return Test(_("Reference found on both sides"), here, there, found_result(finding))


def found_result(finding: Finding) -> CheckResult:
    if is_pair(finding):
        return CheckResult.PASSED
    waits = {Verdict.TOO_EARLY: CheckResult.WAITING, Verdict.MIRROR_BEHIND: CheckResult.WAITING}
    # Failed with us and absent there is agreement: a refused request makes no order.
    return waits.get(Verdict(finding.verdict), passed(finding.verdict == Verdict.MATCHED))


def single(finding: Finding) -> Test:
    """Is it the only order under its reference?"""
    count = finding.same_reference_count
    result = passed(count == 1) if finding.order_id else CheckResult.WAITING
    return Test(_("One order under the reference"), "1", str(count) if finding.order_id else "", result)


def compared(finding: Finding) -> list[Test]:
    """Type, asset, client, amount and status, side by side; not compared where a side is missing."""
    amount_name = BOOKED_IN.get(finding.our_type or finding.their_type or "", gettext_lazy("Amount"))
    return [
        side_by_side(_("Type"), finding, finding.our_type, finding.their_type),
        side_by_side(_("Asset"), finding, finding.our_asset, finding.their_asset),
        side_by_side(_("Client"), finding, finding.our_client, finding.their_client),
        Test(amount_name, amount_text(finding.our_amount), their_amount_text(finding), amount_result(finding)),
        Test(_("Status agrees"), state_label(finding), finding.their_status or "", status_result(finding)),
    ]


def side_by_side(name: Text, finding: Finding, ours: str | None, theirs: str | None) -> Test:
    result = passed(ours == theirs) if is_pair(finding) else CheckResult.WAITING
    return Test(name, ours or "", theirs or "", result)


def amount_result(finding: Finding) -> CheckResult:
    if not is_pair(finding):
        return CheckResult.WAITING
    return passed(finding.our_amount == finding.their_amount and not finding.their_opposite_amount)


def status_result(finding: Finding) -> CheckResult:
    if not is_pair(finding) or finding.our_state in UNSETTLED:
        return CheckResult.WAITING
    agreed = {State.COMPLETED: ("completed",), State.FAILED: WITHOUT_EFFECT_THERE}
    return passed(finding.their_status in agreed.get(State(str(finding.our_state)), ()))


def timely(finding: Finding) -> Test:
    """Are both times close? It decides nothing; a pair that is far apart stands on both days."""
    result = CheckResult.WAITING
    if finding.our_at and finding.their_at:
        is_far = abs(finding.their_at - finding.our_at) > FAR_APART
        result = CheckResult.WARNING if is_far else CheckResult.PASSED
    return Test(_("Times less than a day apart"), moment_text(finding.our_at), moment_text(finding.their_at), result)


def read(finding: Finding, run: Run) -> Test:
    """Has the partner's list been read past the window?"""
    is_read = run.mirror_read_to is not None and run.mirror_read_to >= run.window_to
    expected = _("to %(moment)s") % {"moment": moment_text(run.window_to)}
    result = CheckResult.PASSED if is_read else CheckResult.WARNING
    return Test(_("CoinMENA's orders read past the window"), expected, moment_text(run.mirror_read_to), result)


def is_pair(finding: Finding) -> bool:
    return finding.has_ours and finding.order_id is not None


def passed(is_passed: bool) -> CheckResult:
    return CheckResult.PASSED if is_passed else CheckResult.FAILED


# The sentence ---------------------------------------------------------------------------------------------------------


def sentence_of(finding: Finding, run: Run) -> str:
    """Say in one sentence, fit for finance, why this finding has its verdict."""
    return SENTENCES[Verdict(finding.verdict)](finding, run)


def why_matched(finding: Finding, _run: Run) -> str:
    if finding.our_state == State.COMPLETED:
        return _("Both sides agree: %(amount)s %(asset)s, completed.") % amount_of(finding)
    if finding.order_id:
        return _("Failed on both sides: nothing moved.")
    return _("Failed with us, and CoinMENA holds no order: nothing moved on either side.")


def why_amount(finding: Finding, _run: Run) -> str:
    if finding.their_amount is None:
        return _("Would match if the amount were %(amount)s %(asset)s. CoinMENA says no amount.") % amount_of(finding)
    if finding.their_amount == finding.our_amount:
        return _("Would match if the other side of CoinMENA's books were empty. It holds %(amount)s.") % {
            "amount": amount_text(finding.their_opposite_amount)
        }
    return _("Would match if the amount were %(amount)s %(asset)s. CoinMENA says %(theirs)s.") % {
        **amount_of(finding),
        "theirs": amount_text(finding.their_amount),
    }


def why_asset(finding: Finding, _run: Run) -> str:
    return _("Would match if the asset were %(ours)s. CoinMENA says %(theirs)s.") % {
        "ours": finding.our_asset,
        "theirs": finding.their_asset or _("none"),
    }


def why_client(finding: Finding, _run: Run) -> str:
    return _("Would match if the client were %(ours)s. CoinMENA says %(theirs)s.") % {
        "ours": finding.our_client,
        "theirs": finding.their_client,
    }


def why_type(finding: Finding, _run: Run) -> str:
    return _("Would match if it were a %(ours)s. CoinMENA says %(theirs)s.") % {
        "ours": finding.our_type,
        "theirs": finding.their_type,
    }


def why_status(finding: Finding, _run: Run) -> str:
    words = {"ours": state_label(finding).lower(), "theirs": finding.their_status}
    if finding.our_state in (State.COMPLETED, State.FAILED):
        return _("Would match if the status were the same. With us it is %(ours)s, CoinMENA says %(theirs)s.") % words
    return _("We never sent this: with us it is %(ours)s. CoinMENA has an order under it that is %(theirs)s.") % words


def why_extra(finding: Finding, run: Run) -> str:
    if run.source == Source.LEDGER:
        return _("Would match if a line of the ledger carried its reference. None that counts does.")
    if finding.reference:
        return _("Would match if an operation of ours carried this reference. None does: it was made elsewhere.")
    return _("It carries no reference, so nothing of ours can be its pair: it was made elsewhere.")


def why_missing(finding: Finding, _run: Run) -> str:
    if finding.check_made is None:
        return _("Would match if CoinMENA had an order under this reference. It has none.")
    return _("Completed with us. Asked on %(moment)s, CoinMENA said it has no order under this reference.") % {
        "moment": moment_text(finding.check_made.asked_at)
    }


def why_duplicate(finding: Finding, _run: Run) -> str:
    return ngettext(
        "CoinMENA holds %(count)d order under this reference.",
        "CoinMENA holds %(count)d orders under this reference. It promises one, so none of them is taken for the pair.",
        finding.same_reference_count,
    ) % {"count": finding.same_reference_count}


def why_too_early(finding: Finding, _run: Run) -> str:
    if finding.our_state == State.COMPLETED:
        minutes = timedelta(seconds=settings.COINMENA_QUARANTINE_SECONDS).total_seconds() / 60
        return _("It ended less than %(minutes)d minutes before this run. CoinMENA may show it any moment.") % {
            "minutes": minutes
        }
    if finding.our_state == State.APPROVED:
        return _("Approved and not sent yet, so CoinMENA has nothing to show.")
    return _("Not decided yet: with us it is %(state)s. It is looked up until the outcome is proven.") % {
        "state": state_label(finding).lower()
    }


def why_behind(_finding: Finding, run: Run) -> str:
    if run.mirror_read_to is None:
        return _("CoinMENA's orders were never read to their end, so nothing is claimed about this one.")
    return _("CoinMENA's orders are read up to %(moment)s and this one was not confirmed. Reconcile again later.") % {
        "moment": moment_text(run.mirror_read_to)
    }


SENTENCES: dict[Verdict, Callable[[Finding, Run], str]] = {
    Verdict.MATCHED: why_matched,
    Verdict.AMOUNT_DIFFERS: why_amount,
    Verdict.ASSET_DIFFERS: why_asset,
    Verdict.CLIENT_DIFFERS: why_client,
    Verdict.TYPE_DIFFERS: why_type,
    Verdict.STATUS_DIFFERS: why_status,
    Verdict.EXTRA_AT_PARTNER: why_extra,
    Verdict.MISSING_AT_PARTNER: why_missing,
    Verdict.DUPLICATE_REFERENCE: why_duplicate,
    Verdict.TOO_EARLY: why_too_early,
    Verdict.MIRROR_BEHIND: why_behind,
}


# Words ----------------------------------------------------------------------------------------------------------------


def amount_of(finding: Finding) -> dict[str, str]:
    return {"amount": amount_text(finding.our_amount), "asset": finding.our_asset or ""}


def amount_text(amount: object) -> str:
    return "" if amount is None else format_amount(amount)  # type: ignore[arg-type]


def their_amount_text(finding: Finding) -> str:
    if not finding.their_opposite_amount:
        return amount_text(finding.their_amount)
    return _("%(amount)s, and %(opposite)s on the other side") % {
        "amount": amount_text(finding.their_amount) or _("nothing"),
        "opposite": amount_text(finding.their_opposite_amount),
    }


def moment_text(at: datetime | None) -> str:
    return "" if at is None else times.written(at)


def state_label(finding: Finding) -> str:
    return str(State(finding.our_state).label) if finding.our_state else ""
