"""The lock under which accounts change: whoever counts who remains sees every other change."""

from django.db.models import Q

from backoffice.accounts.models import Person, Role


def locked(person_id: int | None = None) -> Person | None:
    """Lock everybody who administers or decides, and one person, for the rest of the transaction; return that one.

    In the order of their ids, so that two changes wait for each other and never deadlock.
    """
    counted = Q(role__in=[Role.ADMINISTRATOR, Role.MANAGER], is_active=True)
    rows = Person.objects.select_for_update(no_key=True).filter(counted | Q(pk=person_id)).order_by("id")
    return next((one for one in rows if one.pk == person_id), None)
