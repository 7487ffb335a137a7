"""How the files of one ledger are read: which heading holds what, and how its values are written.

A `LedgerSource` keeps it as JSON; a `LedgerFile` keeps the mapping it was read with.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.reconciliation.ledger.reading import COMMA, UTF_8, Layout

REFERENCE, CLIENT, TYPE, ASSET, AMOUNT, AT, STATUS = COLUMNS = (
    "reference",
    "client",
    "type",
    "asset",
    "amount",
    "at",
    "status",
)
#: Nothing can be compared without them; the others may be said once for the whole ledger.
NEEDED: Final = (REFERENCE, CLIENT, AMOUNT, AT)
LABELS: Final[dict[str, Promise]] = {
    REFERENCE: _("Reference"),
    CLIENT: _("Client"),
    TYPE: _("Type"),
    ASSET: _("Asset"),
    AMOUNT: _("Amount"),
    AT: _("Time"),
    STATUS: _("Status"),
}

ISO: Final = "iso"
#: How times may be written, each by what a person sees. A day without a time is its first moment.
TIME_FORMS: Final[dict[str, tuple[str, ...]]] = {
    ISO: (),
    "dd/mm/yyyy": ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y"),
    "mm/dd/yyyy": ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y"),
    "dd.mm.yyyy": ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y"),
    "dd-mm-yyyy": ("%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y"),
    "yyyy/mm/dd": ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d"),
}
POINT: Final = "."


@dataclass(frozen=True, kw_only=True)
class Words:
    """Which words of the company's mean ours; compared without regard to case."""

    deposit: tuple[str, ...] = ()
    withdrawal: tuple[str, ...] = ()
    completed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def kind_of(self, word: str) -> str | None:
        return self._found(word, ("deposit", "withdrawal"))

    def status_of(self, word: str) -> str | None:
        return self._found(word, ("completed", "failed"))

    def _found(self, word: str, meanings: tuple[str, ...]) -> str | None:
        text = word.strip().casefold()
        return next((one for one in meanings if text in {said.casefold() for said in getattr(self, one)}), None)


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Our words for the columns with the headings they are read from, and how values are written.

    ``asset`` is that of every line where no column says it. ``is_signed``: withdrawals are negative, so that no column
    need say the type. Where no column says the status every line is completed: a book holds what happened.
    """

    columns: dict[str, str]
    layout: Layout = field(default_factory=Layout)
    decimal_sign: str = POINT
    grouping: str = ""
    is_signed: bool = False
    time_form: str = ISO
    zone: str = "UTC"
    asset: str = ""
    words: Words = field(default_factory=Words)

    def as_json(self) -> dict[str, Any]:
        """Write it as a file keeps it."""
        return {"columns": self.columns, "reading": self.reading_json()}

    def reading_json(self) -> dict[str, Any]:
        """Write what stands in ``LedgerSource.reading``."""
        return {
            "separator": self.layout.separator,
            "encoding": self.layout.encoding,
            "decimal_sign": self.decimal_sign,
            "grouping": self.grouping,
            "is_signed": self.is_signed,
            "time_form": self.time_form,
            "zone": self.zone,
            "asset": self.asset,
            "words": {one.name: list(getattr(self.words, one.name)) for one in fields(Words)},
        }

    @classmethod
    def from_json(cls, columns: dict[str, str], reading: dict[str, Any]) -> "Mapping":
        """Read it back."""
        kept = {name: reading[name] for name in ("decimal_sign", "grouping", "is_signed", "time_form", "zone", "asset")}
        layout = Layout(reading.get("separator", COMMA), reading.get("encoding", UTF_8))
        words = Words(**{name: tuple(said) for name, said in reading["words"].items()})
        return cls(columns=columns, layout=layout, words=words, **kept)
