"""Which requests a pack tells of: those about its own exceptions, found by one query whatever else was ever asked."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.reconciliation.models import ExceptionItem, Resolution
from backoffice.reconciliation.packs.exceptions import requests_about
from backoffice.reconciliation.services import exceptions as services
from tests.reconciliation import rows
from tests.reconciliation.exceptions.world import taken
from tests.reconciliation.rows import Theirs


def asked(item: ExceptionItem, by: Person) -> Request:
    (result,) = services.ask_to_force([item.pk], resolution=Resolution.MADE_ELSEWHERE, text="By hand.", by=by)
    assert result.is_done, result.sentence
    return Request.objects.latest("pk")


def test_one_query_finds_every_request_about_an_exception_and_none_about_another(db: None, maya: Person) -> None:
    for _number in range(12):
        rows.order(Theirs(reference=None))
    taken()
    first, *others = ExceptionItem.objects.order_by("pk")
    for other in others:
        asked(other, maya)
    given_up = asked(first, maya)
    approvals.cancel(request_id=given_up.pk, by=maya)
    again = asked(first, maya)
    with CaptureQueriesContext(connection) as queries:
        found = requests_about(ExceptionItem.objects.filter(pk=first.pk))
    assert (found, len(queries)) == ([given_up.pk, again.pk], 1)
