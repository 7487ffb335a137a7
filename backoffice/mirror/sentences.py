"""What a partner's failure says to staff, in the language of whoever reads it."""

from django.utils.translation import gettext

from backoffice.partner.errors import PartnerError


def said_by(error: PartnerError) -> str:
    """Return the sentence of a partner's error, translated."""
    return gettext(error.template) % error.parameters
