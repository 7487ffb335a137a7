"""What a rule demands, in one sentence."""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.approvals.models import Rule, RuleKind
from backoffice.money import to_plain


def sentence_of(name: str, version: int) -> str:
    """Say what a pinned rule demands; its name where that version is not known here."""
    rule = Rule.objects.filter(rule_set__version=version, name=name).first()
    return sentence(rule) if rule else name


def sentence(rule: Rule) -> str:
    """Say what ``rule`` is about, how many people it needs, and within which time."""
    people = ngettext("%(n)s other person", "%(n)s other people", rule.people_needed) % {"n": rule.people_needed}
    words = {"what": subject_of(rule), "people": people, "span": span_of(rule.validity)}
    return _("%(what)s: %(people)s, within %(span)s.") % words


def subject_of(rule: Rule) -> str:
    """Say what ``rule`` is about, e.g. ``Withdrawals of 10000 USD or more``."""
    parts = [RuleKind(rule.kind).label, *_band(rule)]
    if rule.client:
        parts.append(_("of client %(client)s") % {"client": rule.client})
    if rule.group:
        parts.append(_("of the clients in %(group)s") % {"group": rule.group})
    return " ".join(str(part) for part in parts)


def span_of(validity: timedelta) -> str:
    """Say a time that is left, in whole days where it is some, else in hours."""
    hours = round(validity.total_seconds() / 3600)
    if hours % 24 or hours <= 48:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}


def _band(rule: Rule) -> list[str]:
    said = {
        "asset": rule.asset,
        "low": _plain(rule.at_least),
        "high": _plain(rule.below),
        "total": _plain(rule.day_total_from),
    }
    band = {
        (True, True): _("from %(low)s to below %(high)s %(asset)s"),
        (True, False): _("of %(low)s %(asset)s or more"),
        (False, True): _("below %(high)s %(asset)s"),
        (False, False): _("in %(asset)s") if rule.asset else "",
    }[rule.at_least is not None, rule.below is not None]
    total = _("when a client comes to %(total)s %(asset)s or more in 24 hours") if rule.day_total_from else ""
    return [text % said for text in (band, total) if text]


def _plain(amount: object) -> str:
    return "" if amount is None else to_plain(amount)  # type: ignore[arg-type]
