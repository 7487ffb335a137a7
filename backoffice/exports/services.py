"""Give a file at once: to a browser while it is made, or to an open file of the command line."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from typing import IO, Final

import psycopg
from django.utils.translation import gettext

from backoffice.accounts.models import Person
from backoffice.database.locks import Work
from backoffice.exports.giving import Giving
from backoffice.exports.manifests import Manifest, named
from backoffice.exports.models import UNDER_WAY, ExportJob, Format
from backoffice.exports.policies import check_may_take
from backoffice.exports.snapshots import own_connection
from backoffice.exports.tally import Tally
from backoffice.exports.wishes import Wish, check_names

#: How many files one person may have made at once, streams and those of workers together.
AT_ONCE: Final = 3
#: Up to so many rows a file is made while the browser waits; a workbook is slower, and leaves only when it is whole.
SMALL: Final = {Format.CSV: 100_000, Format.CSV_BOM: 100_000, Format.XLSX: 5_000}


class TooMany(Exception):
    """Somebody has as many files made as anybody may at once; the text says so, and what to do."""


def too_many() -> TooMany:
    """Say that somebody has to wait for a file of theirs."""
    return TooMany(
        gettext("Three of your exports are being made. Wait for one, or cancel one, and ask for this one again.")
    )


def is_long(wish: Wish) -> bool:
    """Whether a file has more rows than a browser should wait for. One bounded count.

    :raises BadListRequest: for filters or an order that cannot be read.
    """
    most = SMALL[wish.format]
    return wish.rows().order_by()[: most + 1].count() > most


class Stream:
    """A file that a browser takes while it is made. The connection it reads on goes with it."""

    def __init__(self, wish: Wish) -> None:
        """
        :raises Refused: for somebody who may not take the list away.
        :raises TooMany: while as many files of theirs are being made as may be.
        :raises BadListRequest: for filters or an order that cannot be read.
        """
        check_may_take(wish.export, wish.by)
        self.file_name = named(wish)
        with ExitStack() as opened:
            connection = opened.enter_context(own_connection())
            if isinstance(wish.by, Person):
                take_a_place(connection, wish.by)
            self._pieces = given(Giving(Manifest(wish, self.file_name), connection))
            self._kept = opened.pop_all()

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        finally:
            self._kept.close()

    def close(self) -> None:
        """Let go of it, whether anybody has read it or not."""
        self._pieces.close()
        self._kept.close()


def take_a_place(connection: psycopg.Connection, person: Person) -> None:
    """Take one of a person's places, for as long as the connection lives.

    :raises TooMany: when none is left.
    """
    free = AT_ONCE - ExportJob.objects.filter(asked_by=person, state__in=UNDER_WAY).count()
    for place in range(free):
        numbers = [Work.GIVING_A_FILE.value, person.pk * AT_ONCE + place]
        row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", numbers).fetchone()
        if row and row[0]:
            return
    raise too_many()


def given(giving: Giving) -> Generator[bytes]:
    """Give a file's bytes, and write it down when the last one has left."""
    yield from giving.pieces()
    giving.write_down()


def write_file(wish: Wish, *, to: IO[bytes]) -> Tally:
    """Write a file to an open one; return how many rows and which digest.

    :raises BadListRequest: for filters or an order that cannot be read, or that the list does not have.
    """
    check_names(wish)
    with own_connection() as connection:
        giving = Giving(Manifest(wish, named(wish)), connection)
        # Whatever ends the writing is written down before it goes on its way.
        with closing(given(giving)) as pieces:
            for piece in pieces:
                to.write(piece)
    return giving.tally
