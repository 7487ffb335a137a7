"""The kinds of reason a request is rejected for."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import Decision
from backoffice.ui.values import Text

REJECTION_REASONS: Final[dict[str, Text]] = {
    "not_justified": _("The reason given is not enough"),
    "wrong_amount": _("Wrong amount"),
    "wrong_client": _("Wrong client"),
    "duplicate": _("Already done or asked twice"),
    "suspicious": _("Looks suspicious"),
    "other": _("Something else"),
}


def kind_of(decision: Decision) -> str:
    """Name the kind of reason of a rejection; empty for an approval, and for what carries none."""
    return str(REJECTION_REASONS.get(decision.reason_code, ""))
