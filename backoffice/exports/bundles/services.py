"""Give the whole log to be checked elsewhere, and write down that it was taken."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, suppress
from typing import IO, Any, Final

import psycopg
from django.db import Error, transaction
from django.utils import timezone

from backoffice.accounts.actors import Actor
from backoffice.accounts.context import Origin, current_origin, originating_from
from backoffice.accounts.models import Person
from backoffice.accounts.policies import check_role
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.exports.bundles.contents import Counted, files, there_now
from backoffice.exports.bundles.streaming import Sink, zipped
from backoffice.exports.policies import LOG_EXPORTERS
from backoffice.exports.services import take_a_place
from backoffice.exports.snapshots import own_connection

SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class NotWrittenDown(Exception):
    """The bundle is whole, but the log, damaged as it may be, does not take the entry that says so."""


class BundleStream:
    """A bundle that a browser takes while it is made. The connection it reads on goes with it."""

    def __init__(self, *, by: Person) -> None:
        """
        :raises Refused: for somebody who may not take the log away.
        :raises TooMany: while as many files of theirs are being made as may be.
        """
        check_role(by, *LOG_EXPORTERS)
        self.file_name = named()
        with ExitStack() as opened:
            connection = opened.enter_context(own_connection())
            take_a_place(connection, by)
            self._kept = opened.pop_all()
        self._pieces = given(connection, by=by, file_name=self.file_name, origin=current_origin())

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        finally:
            self._kept.close()

    def close(self) -> None:
        """Let go of it, whether anybody has read it or not."""
        self._pieces.close()
        self._kept.close()


def write_bundle(*, by: Actor, to: IO[bytes]) -> None:
    """Write a bundle to an open file.

    :raises NotWrittenDown: when all of it is written, but the log does not say so.
    """
    with ExitStack() as opened:
        connection = opened.enter_context(own_connection())
        # Closed first: whatever ends the writing is written down before it goes on its way.
        pieces = opened.enter_context(closing(given(connection, by=by, file_name=named(), origin=current_origin())))
        for piece in pieces:
            to.write(piece)


def named() -> str:
    return f"audit-log-{timezone.now():%Y%m%dT%H%M%S.%fZ}.zip"


def given(connection: psycopg.Connection, *, by: Actor, file_name: str, origin: Origin) -> Generator[bytes]:
    """Give a bundle's bytes, and write it down when the last one has left, or when it breaks off.

    :param origin: from where it was asked for: the bytes are taken when the request is over.
    :raises NotWrittenDown: when the last byte has left, but the log does not say so.
    """
    sink, counted = Sink(), Counted()
    try:
        yield from from_one_snapshot(connection, by=by.name, sink=sink, counted=counted)
    except BaseException:
        with suppress(NotWrittenDown):  # what broke it off is what has to be known
            write_down(told(file_name, sink, counted), by=by, origin=origin, result=Entry.Result.FAILED)
        raise
    write_down(told(file_name, sink, counted), by=by, origin=origin, result=Entry.Result.DONE)


def write_down(facts: dict[str, Any], *, by: Actor, origin: Origin, result: Entry.Result) -> None:
    """
    :raises NotWrittenDown: with what the database said.
    """
    try:
        with transaction.atomic(), originating_from(origin.address, origin.request_id or None):
            record("audit.bundled", by=by, after=facts, result=result)
    except Error as error:
        raise NotWrittenDown(str(error)) from error


def from_one_snapshot(connection: psycopg.Connection, *, by: str, sink: Sink, counted: Counted) -> Iterator[bytes]:
    """Give the bytes of a bundle, all of it of one moment."""
    there = there_now()
    connection.execute(SNAPSHOT)
    connection.execute("SELECT 1")  # the first statement is what takes the snapshot
    yield from zipped(files(connection, by=by, there=there, counted=counted), sink)
    connection.execute("COMMIT")


def told(file_name: str, sink: Sink, counted: Counted) -> dict[str, Any]:
    """Say what left."""
    return {
        "file": file_name,
        "entries": counted.entries,
        "seals": counted.seals,
        "bytes": sink.size,
        "sha256": sink.sha256,
    }
