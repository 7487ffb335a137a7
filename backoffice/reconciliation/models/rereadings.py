"""What was read of CoinMENA's orders once more, though nothing said that it had changed."""

from django.db import models

from backoffice.database.models import AppendOnlyModel


class Rereading(AppendOnlyModel):
    """One reading again that came to its end: of a day in full, or of the whole history by counts where none is named.

    ``is_sound`` says that the mirror was by then what CoinMENA's list says; ``sentence`` why not.
    """

    day = models.DateField(null=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    is_sound = models.BooleanField()
    sentence = models.TextField(blank=True)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["began_at", "day"], name="rereadings_by_time")]
