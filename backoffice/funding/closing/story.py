"""The closings of an operation, told as part of its story."""

from django.utils.translation import gettext as _

from backoffice.approvals.models import Decision
from backoffice.funding.models import Closing
from backoffice.ui.values import Event, Meaning


def closing_events(closings: list[Closing]) -> list[Event]:
    """Tell the closings as part of the operation's story."""
    told = []
    for closing in closings:
        by = _("by %(name)s") % {"name": closing.asked_by.name}
        say = f"{closing.get_outcome_display()}. {closing.get_reason_code_display()}. “{closing.statement}”"
        told.append(Event(_("Closing by two people asked"), closing.asked_at, by, say, "users"))
        for one in closing.approval.decisions.all():
            is_signed = one.verdict == Decision.Verdict.APPROVED
            told.append(
                Event(
                    _("Closing signed") if is_signed else _("Closing rejected"),
                    one.decided_at,
                    _("by %(name)s") % {"name": one.decided_by.name},
                    f"“{one.note}”" if one.note else "",
                    "shield-check" if is_signed else "x",
                    Meaning.POSITIVE if is_signed else Meaning.NEGATIVE,
                )
            )
    return told


def closed_sentence(closing: Closing) -> str:
    """Say who closed an operation and on what ground, in the reader's language."""
    signed = [one.decided_by.name for one in closing.approval.decisions.all()]
    words = {
        "key": closing.key,
        "asked": closing.asked_by.name,
        "signed": joined(signed),
        "reason": closing.get_reason_code_display(),
    }
    return _("Closed by two people (%(key)s): %(asked)s asked, %(signed)s signed. %(reason)s.") % words


def joined(names: list[str]) -> str:
    return _(" and ").join(names)
