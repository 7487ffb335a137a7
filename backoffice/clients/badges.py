"""How a client's status and activation look; the pages of the apps above read it too (docs/adr/0006)."""

from django.utils.translation import gettext_lazy as _

from backoffice.clients.models import VERIFIED, Client
from backoffice.ui.text import visible
from backoffice.ui.values import Badge, Meaning


def status_badge(client: Client, *, calm: bool = False) -> Badge:
    """The status: only ``verified`` is good; another is shown in the partner's own word."""
    if client.status == VERIFIED:
        return Badge(_("Verified"), Meaning.POSITIVE, calm)
    return Badge(visible(client.status, 40), Meaning.WARNING)


def activation_badge(client: Client, *, calm: bool = False) -> Badge:
    """Whether the client may trade and be funded."""
    return Badge(_("Active"), Meaning.POSITIVE, calm) if client.active else Badge(_("Deactivated"), Meaning.NEGATIVE)
