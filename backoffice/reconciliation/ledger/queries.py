"""Ledgers, their files and entries, as pages and services need them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from django.db.models import Case, Count, F, Max, Q, QuerySet, Sum, When
from django.utils.translation import gettext as _

from backoffice.database.fields import AmountField
from backoffice.reconciliation.ledger.checking import Standing
from backoffice.reconciliation.models import FileState, LedgerEntry, LedgerFile, LedgerSource
from backoffice.reconciliation.models.ledger import STANDING
from backoffice.ui.listing import Summary

_COUNTS = Q(files__state=FileState.ACCEPTED)
#: An entry's amount as it moves the client's balance: money out below zero.
SIGNED_AMOUNT: Final = Case(When(kind="withdrawal", then=-F("amount")), default=F("amount"), output_field=AmountField())
#: What an entry adds to a sum: its signed amount where it completed and its file counts, else nothing at all.
SUMMED_AMOUNT: Final = Case(
    When(status="completed", file__state=FileState.ACCEPTED, then=SIGNED_AMOUNT),
    default=None,
    output_field=AmountField(null=True),
)


def sources() -> QuerySet[LedgerSource]:
    """Return the ledgers with how many of their files and entries count, and the newest time booked in them."""
    return (
        LedgerSource.objects.defer("sample")
        .select_related("made_by")
        .annotate(
            files_count=Count("files", filter=_COUNTS),
            entries_count=Sum("files__row_count", filter=_COUNTS, default=0),
            booked_to=Max("files__last_at", filter=_COUNTS),
        )
        .order_by("name", "id")
    )


def files() -> QuerySet[LedgerFile]:
    """Return every file without its bytes."""
    return LedgerFile.objects.defer("content", "source__sample").select_related("source", "uploaded_by", "withdrawn_by")


def files_found_by(found: QuerySet[LedgerFile], text: str) -> QuerySet[LedgerFile]:
    """Files whose name holds the text, or that hold an entry of exactly that reference."""
    return found.filter(Q(name__icontains=text) | Q(pk__in=LedgerEntry.objects.filter(reference=text).values("file")))


def entries() -> QuerySet[LedgerEntry]:
    """Return every entry with its file and ledger, also those of files that count no more."""
    return LedgerEntry.objects.select_related("file__source").defer("file__content", "file__source__sample")


def entries_found_by(found: QuerySet[LedgerEntry], text: str) -> QuerySet[LedgerEntry]:
    """Entries whose reference begins with the text, or of exactly that client."""
    return found.filter(Q(reference__startswith=text) | Q(partner_client_id=text))


def with_digest(source: LedgerSource, digest: str) -> LedgerFile | None:
    """Return the file of a ledger that holds these bytes and counts, or waits to."""
    return files().filter(source=source, digest=digest, state__in=STANDING).first()


def same_name_before(file: LedgerFile) -> LedgerFile | None:
    """Return the newest other file of that name in the ledger that was uploaded before and counts."""
    others = files().filter(source=file.source_id, name=file.name, pk__lt=file.pk, state=FileState.ACCEPTED)
    return others.order_by("-pk").first()


def standing_in(source: LedgerSource, references: set[str]) -> dict[str, Standing]:
    """Of these references, those that an accepted entry of the ledger carries already, with where it stands."""
    found = LedgerEntry.objects.filter(
        file__source=source, file__state=FileState.ACCEPTED, reference__in=references
    ).values_list("reference", "file__name", "line")
    return {reference: Standing(name, line) for reference, name, line in found}


def sample_of(source: LedgerSource) -> tuple[str, bytes]:
    """The newest file of a ledger, by whose first rows its columns are mapped; else the one it was made with."""
    newest = LedgerFile.objects.filter(source=source).order_by("-pk").values_list("name", "content").first()
    name, content = newest or LedgerSource.objects.filter(pk=source.pk).values_list("sample_name", "sample").get()
    return name, bytes(content)


def source_choices() -> list[tuple[str, str]]:
    """Every ledger, to filter by."""
    return [(str(pk), name) for pk, name in LedgerSource.objects.order_by("name").values_list("pk", "name")]


def summarise_files(found: QuerySet[LedgerFile]) -> Summary:
    """Count the files a filter finds."""
    return Summary(found.order_by().count())


def summarise_entries(found: QuerySet[LedgerEntry]) -> Summary:
    """Count the entries a filter finds and add up, by asset, what the completed ones that count moved. One query."""
    labels = {"deposit": _("Deposited"), "withdrawal": _("Withdrawn")}
    groups = list(
        found.order_by()
        .values("asset_id", "kind")
        .annotate(rows=Count("pk"), total=Sum(SUMMED_AMOUNT))
        .order_by("asset_id", "kind")
    )
    sums: dict[str, dict[str, Decimal]] = {}
    for group in groups:
        if group["total"] is not None:
            sums.setdefault(group["asset_id"], {})[labels[group["kind"]]] = group["total"]
    return Summary(sum(group["rows"] for group in groups), list(sums.items()))


def first_entries(file: LedgerFile, most: int) -> Sequence[LedgerEntry]:
    """The first entries of a file, in its order."""
    return list(LedgerEntry.objects.filter(file=file).order_by("line")[:most])
