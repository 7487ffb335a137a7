from backoffice.exports.models.jobs import UNDER_WAY, ExportJob, Format, JobState
from backoffice.exports.models.marks import ROWS_PER_PART, RowMarks
from backoffice.exports.models.schedules import Delivery, Every, RunState, Schedule, ScheduledRun, ScheduleState

__all__ = [
    "ROWS_PER_PART",
    "UNDER_WAY",
    "Delivery",
    "Every",
    "ExportJob",
    "Format",
    "JobState",
    "RowMarks",
    "RunState",
    "Schedule",
    "ScheduleState",
    "ScheduledRun",
]
