"""The exports as the audit log has them: who took what, how many rows, under which digest."""

from typing import Any

from django.db.models import BigIntegerField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Entry
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.values import Badge, Meaning, Person, Reference


def said(entry: Entry, name: str) -> str:
    """Read one text of an export's manifest off its entry; empty where somebody made something else of it."""
    value = entry.after.get(name) if isinstance(entry.after, dict) else None
    return value if isinstance(value, str) else ""


def rows(entry: Entry) -> Any:
    """Read how many rows were exported."""
    value = entry.after.get("rows") if isinstance(entry.after, dict) else None
    return value if isinstance(value, int) else ""


def outcome(entry: Entry) -> Badge:
    if entry.event == "export.made":
        return Badge(_("Complete"), Meaning.POSITIVE, calm=True)
    return Badge(_("Broken off"), Meaning.WARNING)


COLUMNS = Columns(
    Column(
        key="file",
        label=_("File"),
        kind=Kind.REFERENCE,
        value=lambda entry: Reference(said(entry, "file")),
        url=lambda entry: reverse("audit:entry", args=[entry.number]),
        export=KT("after__file"),
    ),
    Column(
        key="by",
        label=_("By"),
        kind=Kind.PERSON,
        value=lambda entry: Person(entry.who, entry.role_label) if entry.person_id else entry.who,
        export="who",
        export_value=lambda entry: entry.who,
    ),
    Column(
        key="filter",
        label=_("Filter"),
        value=lambda entry: said(entry, "filter") or _("Everything"),
        export=KT("after__filter"),
        export_value=lambda entry: said(entry, "filter"),
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="rows",
        label=_("Rows"),
        kind=Kind.NUMBER,
        value=rows,
        export=Cast(KT("after__rows"), BigIntegerField()),
    ),
    Column(
        key="outcome",
        label=_("Outcome"),
        kind=Kind.BADGE,
        value=outcome,
        export="event",
        export_value=lambda entry: entry.event,
    ),
    Column(
        key="sha256",
        label=_("SHA-256"),
        value=lambda entry: f"{said(entry, 'sha256')[:4]}…{said(entry, 'sha256')[-4:]}",
        template="audit/cell_hash.html",
        export=KT("after__sha256"),
        export_value=lambda entry: said(entry, "sha256"),
        on_phone=OnPhone.HIDE,
        classes="num",
    ),
    Column(key="at", label=_("When"), kind=Kind.TIME, value=lambda entry: entry.at, export="at", classes="soft"),
    Column(key="entry", label=_("Entry"), kind=Kind.NUMBER, value=lambda entry: entry.number, export="number"),
)
