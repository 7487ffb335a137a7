"""What says which row of a file was changed: a short mark of every row, kept beside the manifest."""

from django.db import models

from backoffice.audit.models import Entry
from backoffice.database.models import AppendOnlyModel

ROWS_PER_PART = 65_536


class RowMarks(AppendOnlyModel):
    """The marks of up to 65,536 rows of one CSV file, in its order: CRC-32 of each, four bytes, little-endian.

    A mark is of the row's bytes as they left, the line feed that ends it included; the heading has none. Marks say only
    *which* row differs: *whether* a file was altered is decided by the SHA-256 of its manifest.
    """

    entry = models.ForeignKey(Entry, on_delete=models.RESTRICT, related_name="row_marks", db_index=False)
    part = models.IntegerField()
    marks = models.BinaryField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["entry", "part"], name="marks_once_for_each_part")]
