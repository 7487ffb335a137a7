"""How grave an exception is, and by when it is to be dealt with: from its verdict, its size and its age."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from backoffice.reconciliation.models import Severity, Verdict

#: About ten thousand dollars in each asset, the scale of the approvals (approvals migration 0007).
LARGE: Final[dict[str, Decimal]] = {
    "USD": Decimal(10000),
    "AED": Decimal(40000),
    "BHD": Decimal(4000),
    "KWD": Decimal(3000),
    "OMR": Decimal(4000),
    "QAR": Decimal(40000),
    "SAR": Decimal(40000),
}
#: What is grave whatever the amount: money that only one side knows of, or that may have moved twice.
GRAVE: Final = (Verdict.DUPLICATE_REFERENCE, Verdict.EXTRA_AT_PARTNER, Verdict.MISSING_AT_PARTNER)
HIGH_WITHIN: Final = timedelta(hours=4)
#: Medium is due at the end of the next day, low at the end of the third one.
MEDIUM_DAYS: Final = 1
LOW_DAYS: Final = 3
END_OF_DAY: Final = time(23, 59)
RANKED: Final = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)


def severity_of(verdict: str, asset: str, at_risk: Decimal | None) -> Severity:
    """Judge one exception; an amount in an asset whose scale nobody set is medium. `SEVERITY` says it in SQL."""
    if verdict in GRAVE:
        return Severity.HIGH
    if at_risk is None or asset not in LARGE:
        return Severity.MEDIUM
    if at_risk >= LARGE[asset]:
        return Severity.HIGH
    return Severity.MEDIUM if at_risk * 10 >= LARGE[asset] else Severity.LOW


def due_at(severity: str, seen_at: datetime) -> datetime:
    """Say by when it is due: in four hours, at the end of the next day, or of the third. `DUE` says it in SQL."""
    if severity == Severity.HIGH:
        return seen_at + HIGH_WITHIN
    zone = company_zone()
    days = LOW_DAYS if severity == Severity.LOW else MEDIUM_DAYS
    last = seen_at.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(last, END_OF_DAY, tzinfo=zone)


def company_zone() -> ZoneInfo:
    """The zone whose days the company closes."""
    return ZoneInfo(settings.COMPANY_TIME_ZONE)


#: Of a row `found` (verdict, asset, at_risk, severity where its feed knows better) joined to the `large` of its asset.
SEVERITY = """
    CASE WHEN found.severity IS NOT NULL THEN found.severity
         WHEN found.verdict = ANY(%(grave)s) THEN 'high'
         WHEN found.at_risk IS NULL OR large.amount IS NULL THEN 'medium'
         WHEN found.at_risk >= large.amount THEN 'high'
         WHEN found.at_risk * 10 >= large.amount THEN 'medium'
         ELSE 'low' END
"""
#: Of a row with `severity`, seen at `now`.
DUE = """
    CASE severity WHEN 'high' THEN %(now)s + %(high_within)s
                  ELSE ((%(now)s AT TIME ZONE %(zone)s)::date
                        + CASE severity WHEN 'low' THEN %(low_days)s ELSE %(medium_days)s END
                        + %(end_of_day)s::time) AT TIME ZONE %(zone)s END
"""


def parameters() -> dict[str, Any]:
    """The values `SEVERITY` and `DUE` take, besides the moment."""
    return {
        "grave": [verdict.value for verdict in GRAVE],
        "large_assets": list(LARGE),
        "large_amounts": list(LARGE.values()),
        "high_within": HIGH_WITHIN,
        "low_days": LOW_DAYS,
        "medium_days": MEDIUM_DAYS,
        "end_of_day": END_OF_DAY,
        "zone": settings.COMPANY_TIME_ZONE,
    }
