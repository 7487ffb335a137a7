"""What a partner's failure says to staff, in the language of whoever reads it."""

from django.utils.translation import gettext

from backoffice.audit.models import Entry
from backoffice.partner.errors import PartnerError, PartnerRefused


def said_by(error: PartnerError) -> str:
    """Return the sentence of a partner's error, translated."""
    return gettext(error.template) % error.parameters


def result_of(error: PartnerError) -> Entry.Result:
    """Say how a question ended for the audit log: a refusal such as "not found" is an answer, silence is none."""
    return Entry.Result.DONE if isinstance(error, PartnerRefused) else Entry.Result.FAILED
