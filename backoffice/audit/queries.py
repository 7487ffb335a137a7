"""What the audit log says: of an object, of a client, to a search."""

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.services import IDENTITY, object_fields
from backoffice.audit.words import WORDS, words
from backoffice.ui.values import Text

HISTORY_LENGTH = 100
#: Kinds of object whose identity a person may type; what the index on objects is searched by.
KINDS = tuple(kind.lower() for kind in IDENTITY)
#: What the log speaks of, as a filter names it.
KIND_LABELS: Final[dict[str, Text]] = {
    "operation": _("Operations"),
    "request": _("Requests"),
    "client": _("Clients"),
    "person": _("People"),
    "accountchange": _("Changes of accounts"),
    "order": _("Orders"),
    "transaction": _("Transactions"),
    "ruleset": _("Rules"),
    "freeze": _("Freezes"),
    "bulkfile": _("Files of operations"),
    "exceptionitem": _("Exceptions"),
    "day": _("Days"),
    "run": _("Runs"),
    "ledgerfile": _("Files of ledgers"),
    "delegation": _("Decisions handed over"),
}


def entries() -> QuerySet[Entry]:
    """Every entry, with the person who acted."""
    return Entry.objects.select_related("person")


def history_of(*objects: Model | None, limit: int = HISTORY_LENGTH) -> list[Entry]:
    """Return the newest entries about any of the objects, newest first; those that are None are passed over."""
    about = [Q(**object_fields(one)) for one in objects if one is not None]
    return list(entries().filter(reduce(or_, about)).order_by("-number")[:limit]) if about else []


def history_of_identity(identity: str, limit: int = HISTORY_LENGTH) -> list[Entry]:
    """Return the newest entries about whatever is known by ``identity``: a request and what it decides on, at once."""
    about = entries().filter(object_type__in=KINDS, object_id=identity)
    return list(about.order_by("-number")[:limit])


def history_of_client(partner_client_id: str, limit: int = HISTORY_LENGTH) -> list[Entry]:
    """Return the newest entries about a client or anything of theirs, newest first."""
    return list(entries().filter(client=partner_client_id).order_by("-number")[:limit])


def search(rows: QuerySet[Entry], text: str) -> QuerySet[Entry]:
    """Find entries by number, by the identity of their object, by client or by request id; where there is none, by
    their words. Each by its index."""
    named = identified_by(text)
    if Entry.objects.filter(named).exists():
        return rows.filter(named)
    return rows.alias(words=WORDS).filter(words=words(text))


def identified_by(text: str) -> Q:
    found = Q(client=text) | Q(request_id=text) | Q(object_type__in=KINDS, object_id=text)
    digits = text.replace(",", "")
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        found |= Q(number=int(digits))
    return found


def of_client(rows: QuerySet[Entry], text: str) -> QuerySet[Entry]:
    """Keep what is about a client or anything of theirs."""
    return rows.filter(client=text)


def about_object(rows: QuerySet[Entry], text: str) -> QuerySet[Entry]:
    """Keep what is about one object, named by kind and identity: ``freeze 7``."""
    kind, _blank, identity = text.partition(" ")
    return rows.filter(object_type=kind, object_id=identity)


def people() -> list[tuple[str, str]]:
    """List everyone who may stand in the log, as choices of a filter."""
    return [(str(key), name) for key, name in Person.objects.order_by("name", "id").values_list("id", "name")]


@dataclass(frozen=True)
class Neighbours:
    """The entries beside one, by number."""

    before: int | None
    after: int | None


def neighbours_of(entry: Entry) -> Neighbours:
    """Find which numbers stand beside an entry; at the ends of the log there is none."""
    numbers = set(
        Entry.objects.filter(number__in=(entry.number - 1, entry.number + 1)).values_list("number", flat=True)
    )
    return Neighbours(
        entry.number - 1 if entry.number - 1 in numbers else None,
        entry.number + 1 if entry.number + 1 in numbers else None,
    )


def last_verification() -> Entry | None:
    """The newest verification of the log, as the log has it."""
    return Entry.objects.filter(event="audit.verified").order_by("-number").first()


def bad_entry_of(verified: Entry | None) -> Entry | None:
    """The entry a verification found not to be what was written; none where it named none, or one that is gone."""
    said = verified.after if verified else None
    number = said.get("bad_entry") if isinstance(said, dict) else None
    return Entry.objects.filter(number=number).first() if isinstance(number, int) else None
