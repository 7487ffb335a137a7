"""How states of people and of changes of their accounts look."""

from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Role
from backoffice.people.models import AccountChange
from backoffice.people.queries import ACTIVE, AUTHENTICATOR, BOTH, DEACTIVATED, INVITED, PASSKEY
from backoffice.people.states import ChangeState
from backoffice.ui.values import Badge, Meaning, Text

STATES = {
    INVITED: Badge(_("Invited"), Meaning.INFO),
    ACTIVE: Badge(_("Active"), Meaning.POSITIVE, calm=True),
    DEACTIVATED: Badge(_("Deactivated")),
}
CHANGES = {
    ChangeState.WAITING: Meaning.WARNING,
    ChangeState.APPLIED: Meaning.POSITIVE,
    ChangeState.REJECTED: Meaning.NEGATIVE,
    ChangeState.CANCELLED: Meaning.NEUTRAL,
    ChangeState.EXPIRED: Meaning.NEUTRAL,
}
FACTORS: dict[str, Text] = {
    AUTHENTICATOR: _("Authenticator"),
    PASSKEY: _("Passkey"),
    BOTH: _("Authenticator and passkey"),
}


def change_badge(change: AccountChange) -> Badge:
    """Draw the state of a change."""
    state = ChangeState(change.state)
    return Badge(state.label, CHANGES[state])


def role_label(role: str) -> Text:
    """Name a role; a dash where there is none."""
    return Role(role).label if role else "–"
