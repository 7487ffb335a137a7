"""What people change about their own account."""

from django.db import transaction

from backoffice.accounts.models import Person
from backoffice.accounts.signals import zone_chosen


def choose_time_zone(*, by: Person, time_zone: str) -> Person:
    """Show times to a person in another zone from now on."""
    with transaction.atomic():
        person = Person.objects.select_for_update(no_key=True).get(pk=by.pk)
        before, person.time_zone = person.time_zone, time_zone
        person.save(update_fields=["time_zone"])
        zone_chosen.send(sender=Person, person=person, before=before, after=time_zone)
    return person
