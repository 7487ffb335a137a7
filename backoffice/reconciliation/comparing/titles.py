"""What a run is called: by its day where it is one, by its moments where it is not."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.reconciliation.models import Run, RunJob
from backoffice.ui import times


def title_of(run: Run | RunJob) -> str:
    """Name the window: a whole day of the reader's zone, the part of a day that had passed, or two moments."""
    start, end = timezone.localtime(run.window_from), timezone.localtime(run.window_to)
    if is_midnight(start) and end == start + timedelta(days=1):
        return times.long_day(start)
    if is_midnight(start) and end - start < timedelta(days=1):
        return _("%(day)s until %(clock)s") % {"day": times.long_day(start), "clock": f"{end:%H:%M}"}
    return window_text(run)


def window_text(run: Run | RunJob) -> str:
    """The two moments of the window, with the zone."""
    start, _zone = times.moment(run.window_from, times.MomentStyle.SHORT)
    end, zone = times.moment(run.window_to, times.MomentStyle.SHORT)
    return _("%(start)s to %(end)s %(zone)s") % {"start": start, "end": end, "zone": zone}


def is_midnight(at: datetime) -> bool:
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)
