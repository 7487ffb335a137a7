"""That a person showed their second factor, and for what exactly (security.md S20)."""

from datetime import timedelta
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models.person import Person
from backoffice.database.models import AppendOnlyModel

#: How long after a second factor was shown something may still be done with it.
PROOF_VALID_FOR: Final = timedelta(minutes=5)


class Proof(AppendOnlyModel):
    """A second factor shown once, for the things whose fingerprints it ``covers`` and for nothing else.

    Whoever uses it points to it with a unique column, so that the database lets it be used once for each thing.
    """

    class Method(models.TextChoices):
        CODE = "code", _("Authenticator code")
        PASSKEY = "passkey", _("Passkey")

    person = models.ForeignKey(Person, on_delete=models.RESTRICT, related_name="+")
    covers = ArrayField(models.CharField(max_length=64))
    method = models.CharField(max_length=8, choices=Method)
    made_at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=models.Q(covers__len__gte=1), name="proof_is_for_something"),
        ]
