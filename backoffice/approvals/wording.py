"""What a rule demands, in one sentence."""

from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.approvals.models import Rule, RuleKind
from backoffice.money import format_amount


def sentence_of(name: str, version: int) -> str:
    """Say what a pinned rule demands; its name where that version is not known here."""
    rule = Rule.objects.filter(rule_set__version=version, name=name).first()
    return sentence(rule) if rule else name


def sentence(rule: Rule) -> str:
    """Say what ``rule`` is about, how many people it needs, and within which time."""
    words = {"what": matter_of(rule), "people": people_of(rule.people_needed), "span": span_of(rule.validity)}
    return _("%(what)s: %(people)s, within %(span)s.") % words


def matter_of(rule: Rule) -> str:
    """Say what ``rule`` is about, e.g. ``Withdrawals of 10,000 USD or more``."""
    return " ".join(part for part in (str(RuleKind(rule.kind).label), amounts_of(rule), whom_of(rule)) if part)


def people_of(count: int) -> str:
    """Say how many others have to agree."""
    return ngettext("%(n)s other person", "%(n)s other people", count) % {"n": count}


def amounts_of(rule: Rule) -> str:
    """Say which amounts ``rule`` is about; empty where it is about any amount of anything."""
    said = {
        "asset": rule.asset,
        "low": _written(rule.at_least),
        "high": _written(rule.below),
        "total": _written(rule.day_total_from),
    }
    total = _("when a client comes to %(total)s %(asset)s or more in 24 hours") if said["total"] else ""
    return " ".join(text % said for text in (_band(rule), total) if text)


def whom_of(rule: Rule) -> str:
    """Say whose operations ``rule`` is about; empty where it is about everybody's."""
    if rule.client:
        return _("of client %(client)s") % {"client": rule.client}
    return _("of the clients in %(group)s") % {"group": rule.group} if rule.group else ""


def span_of(validity: timedelta) -> str:
    """Say a time that is left, in whole days where it is some, else in hours."""
    hours = round(validity.total_seconds() / 3600)
    if hours % 24 or hours <= 48:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}


def band_of(at_least: Decimal | None, below: Decimal | None, asset: str) -> str:
    """Say a band of amounts, e.g. ``from 500 to below 1,000 USD``; ``any amount`` where it has no bound."""
    bounds = (at_least is not None, below is not None)
    said = {"asset": asset, "low": _written(at_least), "high": _written(below)}
    return {
        (True, True): _("from %(low)s to below %(high)s %(asset)s"),
        (True, False): _("of %(low)s %(asset)s or more"),
        (False, True): _("below %(high)s %(asset)s"),
        (False, False): _("any amount"),
    }[bounds] % said


def _band(rule: Rule) -> str:
    if rule.at_least is None and rule.below is None:
        return _("in %(asset)s") if rule.asset else ""
    return band_of(rule.at_least, rule.below, rule.asset)


def _written(amount: Decimal | None) -> str:
    return "" if amount is None else format_amount(amount)
