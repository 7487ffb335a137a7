"""What the control self-test found, run by run."""

from django.conf import settings
from django.db import models

from backoffice.database.models import AppendOnlyModel


class SelfTest(AppendOnlyModel):
    """One run of the control self-test. ``findings``: for each control its verdict and that of each trial.

    ``person`` is who asked for it; nobody for the nightly one.
    """

    at = models.DateTimeField(db_index=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    who = models.TextField()
    passed = models.BooleanField()
    findings = models.JSONField()
    milliseconds = models.IntegerField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {'passed' if self.passed else 'failed'}"
