"""How the self-test speaks: of its controls, its trials and how they came out."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.health.selftest.trials import Verdict
from backoffice.ui.values import CheckResult, Text

CONTROLS: Final[dict[str, Text]] = {
    "self_approval": gettext_lazy("Nobody approves what they asked for"),
    "replayed_approval": gettext_lazy("An approval is given once, with a code of its own"),
    "altered_content": gettext_lazy("What was approved is what leaves"),
    "chain_break": gettext_lazy("The audit log cannot be changed"),
    "duplicate_reference": gettext_lazy("One payment, one reference"),
}
TRIALS: Final[dict[str, Text]] = {
    "own_policy": gettext_lazy("asking whether the requester may approve"),
    "own_service": gettext_lazy("approving as the requester, with a fresh code"),
    "own_decision": gettext_lazy("writing the requester's decision into the database"),
    "own_state": gettext_lazy("setting the operation to approved by its requester"),
    "proof_elsewhere": gettext_lazy("approving another request with the same code"),
    "proof_twice": gettext_lazy("approving the same request again with the same code"),
    "proof_of_another": gettext_lazy("approving with somebody else's code"),
    "proof_late": gettext_lazy("approving with a code shown too long ago"),
    "altered_unseen": gettext_lazy("approving something else than what is stored"),
    "altered_amount": gettext_lazy("changing the amount of an approved operation"),
    "altered_client": gettext_lazy("changing the client of an approved operation"),
    "altered_asked": gettext_lazy("changing the amount of an approved request"),
    "altered_sent": gettext_lazy("sending an operation whose amount is not the approved one"),
    "log_update": gettext_lazy("changing an entry"),
    "log_delete": gettext_lazy("deleting an entry"),
    "log_truncate": gettext_lazy("emptying the log"),
    "log_head": gettext_lazy("moving the head of the log back"),
    "log_fork": gettext_lazy("writing an entry beside the chain"),
    "reference_twice": gettext_lazy("a second operation under the same reference"),
    "reference_minted": gettext_lazy("minting the same reference again"),
    "form_twice": gettext_lazy("sending the same form twice"),
}
VERDICTS: Final[dict[str, Text]] = {
    Verdict.HELD: gettext_lazy("Held"),
    Verdict.LET_THROUGH: gettext_lazy("Let through"),
    Verdict.STOPPED_ELSEWHERE: gettext_lazy("Stopped by another guard only"),
    Verdict.NOT_TRIED: gettext_lazy("Not tried"),
}
RESULTS: Final = {
    Verdict.HELD: CheckResult.PASSED,
    Verdict.LET_THROUGH: CheckResult.FAILED,
    Verdict.STOPPED_ELSEWHERE: CheckResult.FAILED,
    Verdict.NOT_TRIED: CheckResult.WARNING,
}


def trial_of(code: str) -> str:
    return str(TRIALS.get(code, code))


def guard_of(stopped_by: str) -> str:
    """Say what stopped a trial: the service, missing rights, or the guard of the database by its name."""
    if not stopped_by:
        return _("nothing stopped it")
    named = {"service": _("the service"), "rights": _("the login has no right to")}
    return named.get(stopped_by, stopped_by)
