from backoffice.exports.models.jobs import ENDED, UNDER_WAY, ExportJob, Format, JobState
from backoffice.exports.models.marks import ROWS_PER_PART, RowMarks

__all__ = ["ENDED", "ROWS_PER_PART", "UNDER_WAY", "ExportJob", "Format", "JobState", "RowMarks"]
