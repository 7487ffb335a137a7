"""Hand out evidence: a pack is put together on disk from one snapshot, its export is written down, then it is given."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, TypeVar
from urllib.parse import urlencode

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from backoffice.accounts.models import Person
from backoffice.accounts.policies import check_role
from backoffice.audit.services import object_fields, record
from backoffice.database import clock
from backoffice.funding.models import ClosingEvidence, Operation
from backoffice.funding.services.evidence import record_reading
from backoffice.reconciliation import policies
from backoffice.reconciliation.models import DayReport, ExceptionItem
from backoffice.reconciliation.packs import about_day, about_exception, about_operation, chain, readable, styling
from backoffice.reconciliation.packs.bundle import Bundle
from backoffice.reconciliation.packs.parts import CHUNK_BYTES, Pack

EXPORT: Final = "evidence-pack"
Known = TypeVar("Known", bound=Model)
#: A larger pack is kept on disk while it is made and sent.
MOST_IN_MEMORY: Final = 2 * 1024 * 1024


@dataclass(frozen=True)
class Made:
    """A pack ready to be sent. Whoever sends it closes the file."""

    name: str
    file: IO[bytes]
    sha256: str


@dataclass(frozen=True)
class Contents:
    """How many files a pack holds, and which attached files are among them."""

    count: int
    attached: list[int]


def pack_operation(operation: Operation, *, by: Person) -> Made:
    """Put everything known of an operation into a file.

    :raises Refused: for whoever may not see its page.
    """
    check_role(by, *policies.READERS)
    return made(operation, about_operation.pack_of, by)


def pack_exception(item: ExceptionItem, *, by: Person) -> Made:
    """Put everything known of an exception into a file.

    :raises Refused: for whoever may not see its page.
    """
    check_role(by, *policies.READERS)
    return made(item, about_exception.pack_of, by)


def pack_day(report: DayReport, *, by: Person) -> Made:
    """Put everything known of one closing of a day into a file.

    :raises Refused: for whoever may not see its page.
    """
    check_role(by, *policies.READERS)
    return made(report, about_day.pack_of, by)


def made(about: Known, pack_of: Callable[[Known], Pack], by: Person) -> Made:
    """Write the pack of one moment, then the entries that say who took it and which attached files were in it."""
    at = clock.now()
    file = SpooledTemporaryFile(MOST_IN_MEMORY)  # noqa: SIM115  (whoever sends it closes it)
    try:
        with one_snapshot():
            about.refresh_from_db()
            pack = pack_of(about)
            contents = write(pack, file, by, at)
        name, facts = f"{pack.name}-{at.astimezone(UTC):%Y%m%dT%H%M%S}Z.zip", measured(file)
        write_down(pack, contents, {"export": EXPORT, "file": name, "as_of": at, **facts}, by)
    except BaseException:
        file.close()
        raise
    return Made(name, file, str(facts["sha256"]))


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Read everything inside as it is at one moment, and write nothing. Within a transaction it is that one's moment.

    What the pack says of itself is written afterwards: a snapshot that also wrote would be refused wherever somebody
    else wrote to the audit log meanwhile.
    """
    is_own = not connection.in_atomic_block
    with transaction.atomic():
        if is_own:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@transaction.atomic
def write_down(pack: Pack, contents: Contents, facts: dict[str, Any], by: Person) -> None:
    """Write down who took the pack and which attached files were in it; nothing is given before this is kept."""
    for one in evidence_named(contents.attached):
        record_reading(one, by=by)
    said = {**facts, "filter": filter_of(pack), "rows": contents.count}
    record("export.made", by=by, obj=pack.about, client=pack.client, after=said)


def write(pack: Pack, to: IO[bytes], by: Person, at: datetime) -> Contents:
    """Write every file of the pack, one after the other, the manifest last."""
    attached: list[int] = []
    tables = [readable.Shown(table, []) for table in pack.tables]
    segment = chain.segment_for(pack.concerned, by, pack.client)
    with Bundle(to) as bundle:
        for one in tables:
            bundle.add(one.table.file_name, one.table.chunks(one.first))
        bundle.add(chain.FILE, segment.lines())
        bundle.add(readable.CHECKING, [readable.checking(segment).encode()])
        for document in pack.documents():
            bundle.add(document.name, document.chunks)
            attached += [document.attachment] if document.attachment else []
        bundle.add(styling.FILE, [styling.CONTENT])
        bundle.add(readable.INDEX, [readable.index(pack, tables, bundle.files, by, at)])
        bundle.add(readable.README, [readable.readme(pack, bundle.files, by, at).encode()])
    return Contents(len(bundle.files), attached)


def evidence_named(ids: list[int]) -> QuerySet[ClosingEvidence]:
    """The attached files that went into a pack, without their content."""
    files = ClosingEvidence.objects.filter(pk__in=ids).defer("content")
    return files.select_related("closing__operation__client").order_by("pk")


def filter_of(pack: Pack) -> str:
    """What the pack is of, as the list of exports shows it: ``operation=dep-1``."""
    named = object_fields(pack.about)
    return urlencode({named["object_type"]: named["object_id"]})


def measured(file: IO[bytes]) -> dict[str, int | str]:
    """Read the archive once for its size and digest, and leave it at its beginning."""
    digest = hashlib.sha256()
    size = 0
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return {"bytes": size, "sha256": digest.hexdigest()}
