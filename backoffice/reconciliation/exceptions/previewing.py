"""What a manager reads before agreeing that an exception ends although both sides differ."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.approvals.models import Request
from backoffice.approvals.states import RequestState
from backoffice.reconciliation.exceptions import forcing, naming
from backoffice.reconciliation.exceptions.history import history_of
from backoffice.reconciliation.exceptions.queries import items
from backoffice.reconciliation.exceptions.telling import told_of
from backoffice.reconciliation.models import ExceptionItem, Resolution
from backoffice.reconciliation.pages import Row
from backoffice.ui.values import Fact

QUESTIONS = {
    Resolution.MADE_ELSEWHERE: gettext_lazy("End it as made elsewhere?"),
    Resolution.ACCEPTED: gettext_lazy("Accept it as the partner's correction?"),
}
WILL_BE_SAID = {
    Resolution.MADE_ELSEWHERE: gettext_lazy(
        "The order stays what it is, and no operation of ours is made for it. The exception is marked as made "
        "elsewhere, with the reason and both names. If a later run finds its verdict or its amounts changed, it is "
        "open again."
    ),
    Resolution.ACCEPTED: gettext_lazy(
        "Both sides stay what they are: no amount is edited. The exception is marked as the partner's correction, "
        "with the reason and both names. If a later run finds its verdict or its amounts changed, it is open again."
    ),
}


def preview_of(request: Request) -> dict[str, Any]:
    """The context of the preview: both sides, the tests, the reason, and what will be said."""
    item = items().get(pk=forcing.id_in(request.subject))
    told, resolution = told_of(item), resolution_of(item, request)
    return {
        "question": QUESTIONS[resolution] if resolution else naming.title_of(item),
        "kind_label": _("Exception %(id)s") % {"id": item.pk},
        "item": item,
        "title": naming.title_of(item),
        "told": told,
        "facts": facts_of(item),
        "row": Row(told.finding, told.finding.run, True) if told.finding else None,
        "resolution": resolution.label if resolution else "",
        "will_be_said": WILL_BE_SAID[resolution] if resolution else "",
        "is_overtaken": request.state == RequestState.WAITING and forcing.fingerprint_of(item) != request.fingerprint,
        "events": history_of(item),
    }


def resolution_of(item: ExceptionItem, request: Request) -> Resolution | None:
    """How it is to end, or ended; None where a run overtook the request."""
    return Resolution(item.resolution) if item.approval_id == request.pk and item.resolution else None


def facts_of(item: ExceptionItem) -> list[Fact]:
    return [
        Fact(_("Verdict"), naming.verdict_label(item.verdict)),
        Fact(_("Difference"), naming.difference_of(item)),
        Fact(_("At risk"), naming.at_risk_of(item)),
        Fact(_("Severity"), naming.severity_badge(item)),
        Fact(_("First seen"), item.opened_at),
    ]
