"""What keeps money from being sent now, in the lines that stand above every page."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.funding import queries
from backoffice.funding.freezing import freezes, halts
from backoffice.funding.freezing.reasons import LOG_BEHIND, SWITCHED_OVER
from backoffice.funding.models import Freeze, Gate, Scope
from backoffice.ui import times
from backoffice.ui.shell import Notice
from backoffice.ui.values import Meaning


def notices(now: datetime) -> tuple[Notice, ...]:
    """Return one line for a halt or a pause, and one for all freezes together. Two queries."""
    frozen = list(freezes.in_force())
    lines = [*_of_gate(queries.gate(), now), *([_of_freezes(frozen)] if frozen else [])]
    return tuple(lines)


def _of_gate(gate: Gate, now: datetime) -> list[Notice]:
    if gate.halted_at is not None:
        text = halts.why_of(gate) + " " + _("Nothing is sent until a manager has looked and resumed.")
        return [Notice(_("Sending is halted."), text, Meaning.NEGATIVE)]
    if gate.paused_until is not None and gate.is_paused(now):
        moment = times.written(gate.paused_until, times.MomentStyle.TIME)
        text = _("CoinMENA asked us to slow down. It goes on by itself at %(moment)s.") % {"moment": moment}
        return [Notice(_("Sending is paused."), text, Meaning.WARNING)]
    return []


def _of_freezes(frozen: list[Freeze]) -> Notice:
    """Name what is frozen. Clients stay unnamed: these lines are read by everybody, on every page."""
    count = len(frozen)
    if count == 1:
        return Notice(_one(frozen[0]), _since(frozen[0]), Meaning.NEGATIVE)
    strong = ngettext("%(n)d freeze is in force.", "%(n)d freezes are in force.", count) % {"n": count}
    what = dict.fromkeys(_what(freeze) for freeze in frozen)
    return Notice(strong, ", ".join(what) + ".", Meaning.NEGATIVE)


def _one(freeze: Freeze) -> str:
    return _("%(what)s is frozen.") % {"what": _what(freeze)}


def _what(freeze: Freeze) -> str:
    return freeze.asset_id or str(Scope(freeze.scope).label)


def _since(freeze: Freeze) -> str:
    moment = times.written(freeze.frozen_at, times.MomentStyle.SHORT)
    if freeze.frozen_by is None:
        if freeze.reason == LOG_BEHIND:
            return _("The audit log is behind its seals: nothing is sent until two people have looked.")
        if freeze.reason == SWITCHED_OVER:
            return _("The database server was switched over or restored: nothing is sent until two people have looked.")
        return _("A backup was restored: nothing is sent until two people have looked.")
    return _("By %(name)s since %(moment)s.") % {"name": freeze.frozen_by.name, "moment": moment}
