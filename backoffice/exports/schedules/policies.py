"""Who may see a schedule: its owner, and whoever reads what was exported. Only its owner may change it."""

from django.db.models import QuerySet

from backoffice.accounts.models import Person
from backoffice.accounts.policies import has_role
from backoffice.exports.models import Schedule
from backoffice.exports.policies import READERS


def visible_to(person: Person) -> QuerySet[Schedule]:
    """The schedules somebody may see."""
    everything = Schedule.objects.select_related("owner")
    return everything if has_role(person, *READERS) else everything.filter(owner=person)
