"""The rows of files that have come to nothing yet: neither an operation nor a refusal. Workers deal with them next."""

from django.db.models import Exists, OuterRef, QuerySet

from backoffice.funding.models import BulkRefusal, BulkRow, Operation

#: What a row made, which is known by the submission token that it brought.
MADE = Operation.objects.filter(submission_token=OuterRef("submission_token"))


def rows_that_wait() -> QuerySet[BulkRow]:
    """Return the rows of all files that made neither an operation nor a refusal yet."""
    refusal = BulkRefusal.objects.filter(row=OuterRef("pk"))
    return BulkRow.objects.filter(~Exists(MADE), ~Exists(refusal))
