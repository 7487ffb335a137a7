"""The stages of a run, in the order they are gone through."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Stage(TextChoices):
    READING = "reading", _("Read CoinMENA's orders up to the end of the window")
    COUNTING = "counting", _("Ask CoinMENA how many orders the window holds")
    REREADING = "rereading", _("Read the window again where the counts differ")
    ASKING = "asking", _("Ask CoinMENA for what seems to be missing")
    COMPARING = "comparing", _("Compare both sides and keep what was found")
