"""What finance did with the books of the last days: one closed, one to be reviewed, yesterday's exceptions begun.

Made by the services, so that signatures, reports and the log are what they would be; done just now, as they say.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from backoffice.accounts import proofs
from backoffice.accounts.models import Person
from backoffice.audit.canonical import instant
from backoffice.demo.partners import control
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.money import to_plain
from backoffice.reconciliation.days import drift, queries
from backoffice.reconciliation.days.fingerprints import closing_fingerprint, review_fingerprint
from backoffice.reconciliation.models import Day, ExceptionItem, Severity, Source, Verdict
from backoffice.reconciliation.services import days, exceptions, ledger
from backoffice.reconciliation.services.running import reconcile

People = dict[str, Person]
BOOK = "Treasury book"
#: How much more the treasury booked than was moved, in the first line of its book.
MISTYPED = Decimal("90.00")
HEADER = "Our reference,Client,Movement,Ccy,Amount,Booked at,Status"


def tell_of_the_books(people: People, now: datetime) -> None:
    """Close the day before yesterday and let it drift, prepare the one before, begin with yesterday's exceptions."""
    yesterday = queries.day_of(now) - timedelta(days=1)
    prepared = yesterday - timedelta(days=2)
    upload_the_book(prepared, people["maya"])
    prepare(prepared, people["maya"])
    closed = yesterday - timedelta(days=1)
    close(prepare(closed, people["maya"]), people["omar"])
    change_later(closed)
    begin_with(yesterday, people)


def prepare(day: date, by: Person) -> Day:
    window = queries.window_of(day)
    reconcile(window_from=window.start, window_to=window.end, by=by)
    return days.prepare(date=day, by=by, note="Compared with the bank's statement.")


def close(day: Day, by: Person) -> None:
    """Sign the review of a day and close it, each with a factor shown for exactly that."""
    digest = review_fingerprint(day)
    signed = days.sign_review(date=day.date, digest=digest, by=by, proof=proofs.write_down(by, digest))
    digest = closing_fingerprint(signed)
    days.close(date=day.date, digest=digest, by=by, proof=proofs.write_down(by, digest))


def change_later(day: date) -> None:
    """Have CoinMENA correct an order of a closed day, which the nightly check finds."""
    operation = completed_on(day).filter(kind="deposit").first()
    if operation is None:
        return
    corrected = to_plain(operation.amount - Decimal("12.50"))
    control("POST", f"orders/{operation.partner_order_id}", {"amount": corrected})
    drift.check_named(day)


def completed_on(day: date) -> QuerySet[Operation]:
    window = queries.window_of(day)
    done = Operation.objects.filter(state=State.COMPLETED, requested_at__gte=window.start)
    return done.filter(requested_at__lt=window.end).select_related("client").order_by("id")


def begin_with(day: date, people: People) -> None:
    """Give some of a day's exceptions an owner, and write down what is known of one."""
    maya, lina = people["maya"], people["lina"]
    exceptions.assign(found(day, Verdict.EXTRA_AT_PARTNER, Verdict.AMOUNT_DIFFERS), owner=maya, by=maya)
    exceptions.assign(found(day, Verdict.MISSING_AT_PARTNER), owner=lina, by=lina)
    missing = "The bank's statement shows the money arrived. Asked CoinMENA by e-mail."
    exceptions.note(found(day, Verdict.MISSING_AT_PARTNER), text=missing, by=lina)
    exceptions.set_severity(found(day, Verdict.STATUS_DIFFERS), severity=Severity.MEDIUM, by=maya)


def found(day: date, *verdicts: Verdict) -> list[int]:
    """The exceptions of ours and CoinMENA's of a day with one of these verdicts."""
    ours = ExceptionItem.objects.filter(source=Source.OPERATIONS, day=day)
    items = ours.filter(verdict__in=[one.value for one in verdicts])
    return list(items.values_list("pk", flat=True))


def upload_the_book(day: date, by: Person) -> None:
    """Upload the treasury's own book of a day: its first amount is mistyped, and its last line was forgotten."""
    operations = list(completed_on(day))[:-1]
    lines = [line_of(one, Decimal(0) if place else MISTYPED) for place, one in enumerate(operations)]
    content = "\n".join([HEADER, *lines, ""]).encode()
    source = ledger.open_ledger(name=BOOK, file_name=f"treasury-{day}.csv", content=content, by=by)
    ledger.map_columns(source_id=source.pk, mapping=ledger.guessed_mapping(source), by=by)
    file = ledger.upload(source_id=source.pk, name=f"treasury-{day}.csv", content=content, by=by).file
    ledger.accept(file_id=file.pk, by=by)
    window = queries.window_of(day)
    reconcile(window_from=window.start, window_to=window.end, ledger=source, by=by)


def line_of(operation: Operation, too_much: Decimal) -> str:
    """Write an operation as the treasury books it."""
    amount = operation.amount + too_much
    cells = (operation.reference, operation.client.partner_client_id, operation.kind, operation.asset_id)
    return ",".join([*cells, to_plain(amount), instant(operation.requested_at), "posted"])
