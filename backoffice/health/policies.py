"""Who may look at health, and who may have the controls tried now, and when."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from backoffice.accounts.models import Role
from backoffice.health.models import SelfTest

READERS = (Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR)
TRIERS = (Role.AUDITOR, Role.ADMINISTRATOR)
#: Each run holds the head of the log for moments, for which everything that is logged waits.
BETWEEN_RUNS: Final = timedelta(minutes=1)


def why_not_try(last: SelfTest | None, now: datetime) -> str:
    """Say why the controls are not tried on request; empty when they may be."""
    if last is not None and now - last.at < BETWEEN_RUNS:
        return _("The controls were tried less than a minute ago: what was found stands on this page.")
    return ""


def under_way() -> str:
    """Say that they are being tried."""
    return _("The controls are being tried already. Look again in a moment.")
