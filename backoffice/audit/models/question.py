"""Questions to the log that a person keeps, to ask them again."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedQuestion(models.Model):
    """A page of the log with its filters, under a name. It belongs to one person, and nobody else sees it."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    name = models.CharField(_("Name"), max_length=80)
    path = models.CharField(max_length=64, help_text=_("The page it is asked on"))
    query = models.TextField(blank=True, help_text=_("The filters, as they stand in the address"))
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "name"], name="one_question_per_name"),
            models.CheckConstraint(condition=~models.Q(name=""), name="question_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path
