"""Who decided, for whom, and who else has to: in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.approvals.models import Decision, Request
from backoffice.ui import times


def spoken_by(decision: Decision) -> str:
    """Name who decided, and for whom where it was not in their own name: ``Lina Aziz for Omar Saleh``."""
    if decision.for_person is None:
        return decision.decided_by.name
    said = {"name": decision.decided_by.name, "other": decision.for_person.name}
    return _("%(name)s for %(other)s") % said


def progress(request: Request, given: list[Decision]) -> str:
    """Say how far a request that needs several people is; empty where one is enough.

    :param given: the approvals that count, oldest first.
    """
    missing = request.people_needed - len(given)
    if request.people_needed < 2 or missing <= 0:
        return ""
    if not given:
        return ngettext(
            "%(n)s other person has to approve; nobody has yet.",
            "%(n)s other people have to approve; nobody has yet.",
            request.people_needed,
        ) % {"n": request.people_needed}
    done = ngettext("%(n)s of %(of)s has approved: %(who)s;", "%(n)s of %(of)s have approved: %(who)s;", len(given)) % {
        "n": len(given),
        "of": request.people_needed,
        "who": ", ".join(approved_at(one) for one in given),
    }
    return f"{done} " + ngettext("%(n)s more needed.", "%(n)s more needed.", missing) % {"n": missing}


def approved_at(decision: Decision) -> str:
    """Name who approved and when."""
    moment = times.written(decision.decided_at, times.MomentStyle.SHORT)
    return _("%(who)s at %(moment)s") % {"who": spoken_by(decision), "moment": moment}
