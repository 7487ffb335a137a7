"""The pack of an exception: what was found and done, and all of the operation it is about."""

from collections.abc import Iterable, Iterator

from django.db.models import Model, QuerySet

from backoffice.approvals.models import Request
from backoffice.funding.models import Operation
from backoffice.reconciliation.exceptions.naming import verdict_label
from backoffice.reconciliation.models import ExceptionItem, Finding, ReferenceCheck
from backoffice.reconciliation.packs import about_operation, approvals, exceptions, exchanges, verdicts
from backoffice.reconciliation.packs.chain import table_of
from backoffice.reconciliation.packs.parts import Document, Pack, Table, facts

FOLDER = "exchanges/exception"


def pack_of(item: ExceptionItem) -> Pack:
    """Everything known of one exception."""
    requests = requests_of(item)
    concerned = objects_of(item, requests)
    return Pack(
        name=f"evidence-exception-{item.pk}",
        title=f"Exception {item.pk}: {verdict_label(item.verdict)}",
        about=item,
        client=item.client,
        tables=[*tables_of(item, requests), table_of(concerned)],
        documents=lambda: documents_of(item),
        concerned=concerned,
        limits=[],
    )


def tables_of(item: ExceptionItem, requests: list[Request]) -> list[Table]:
    """What is known of the exception; with the story and the closings of its operation, where it has one."""
    alone, operation = only(item), operation_of(item)
    story = [about_operation.timeline(operation), *about_operation.closing_tables(operation)] if operation else []
    return [
        facts(facts_of(item, operation)),
        *story,
        *approvals.tables_of(requests),
        *exceptions.tables_of(lambda: alone),
        *verdicts.tables_of(lambda: findings_of(item)),
        verdicts.told_table(lambda: exceptions.of_other_sources(alone)),
    ]


def facts_of(item: ExceptionItem, operation: Operation | None) -> Iterator[tuple[str, object]]:
    """The facts of the exception, then those of its operation."""
    yield from zip(exceptions.HEADINGS, exceptions.item_row(item), strict=True)
    if operation is not None:
        yield from ((f"operation_{name}", value) for name, value in about_operation.facts_of(operation))


def documents_of(item: ExceptionItem) -> Iterator[Document]:
    """What was exchanged about its operation; without one, the order and the look-ups made of its reference."""
    operation = operation_of(item)
    if operation is not None:
        yield from exchanges.documents_of(operation)
        if item.order_id != operation.partner_order_id:
            yield from exchanges.order_documents(item.order_id, FOLDER)
        return
    if item.reference:
        checks = ReferenceCheck.objects.filter(reference=item.reference).order_by("id")
        yield from exchanges.checks_of(checks, FOLDER)
    yield from exchanges.order_documents(item.order_id, FOLDER)


# What belongs to it ---------------------------------------------------------------------------------------------------


def only(item: ExceptionItem) -> QuerySet[ExceptionItem]:
    return ExceptionItem.objects.filter(pk=item.pk)


def operation_of(item: ExceptionItem) -> Operation | None:
    """The operation it is about, by its row or by its reference."""
    found = Operation.objects.select_related("client", "requested_by", "approval__requested_by", "copy_of")
    if item.operation_id:
        return found.get(pk=item.operation_id)
    return found.filter(reference=item.reference).first() if item.reference else None


def requests_of(item: ExceptionItem) -> list[Request]:
    """The requests to end it by force, and those of its operation."""
    operation = operation_of(item)
    own = approvals.requests_with_people(pk__in=exceptions.requests_about(only(item)))
    others = about_operation.requests_of(operation) if operation else []
    return list({one.pk: one for one in [*own, *others]}.values())


def findings_of(item: ExceptionItem) -> Iterable[Finding]:
    seen = exceptions.findings_seen(only(item))
    return seen.select_related("run", "check_made").order_by("run_id", "pk")


def objects_of(item: ExceptionItem, requests: list[Request]) -> list[Model]:
    """Everything whose entries of the log are about it, or about its operation."""
    operation = operation_of(item)
    about = about_operation.objects_of(operation, requests) if operation else requests
    return [item, *(one for one in about if one != item)]
