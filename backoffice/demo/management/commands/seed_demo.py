"""``manage.py seed_demo``: the demo's people and history, written once."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from backoffice.audit.sealing.services import seal_now
from backoffice.clients.services.mirroring import sync_assets, sync_clients
from backoffice.demo.books import tell_of_the_books
from backoffice.demo.history import check_balances, leave_in_doubt, reconcile_yesterday, write_history
from backoffice.demo.people import create_people
from backoffice.demo.proposals import propose_somebody_new
from backoffice.funding.models import Operation


class Command(BaseCommand):
    help = "Create the people of the demo and some weeks of history at both partners. Does nothing the second time."

    def handle(self, **_options: object) -> None:
        people = create_people()
        if Operation.objects.exists():
            return
        now = timezone.now()  # once: at midnight every part has to mean the same days
        sync_assets()
        sync_clients()
        write_history(people, now)
        reconcile_yesterday(people["maya"], now)
        tell_of_the_books(people, now)
        check_balances(people["maya"])
        leave_in_doubt(people["maya"])
        propose_somebody_new(people["adam"])
        seal_now()
