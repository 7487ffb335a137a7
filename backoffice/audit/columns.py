"""The audit log as a list and as a file. The file holds the canonical text and the hash, so it can be checked alone."""

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Entry
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.values import Lines, Person


def who(entry: Entry) -> object:
    """The person with the role they had then, or the part of the system that acted."""
    note = entry.role_label
    if entry.delegate_of:
        note = gettext("%(role)s, for %(name)s") % {"role": note, "name": entry.delegate_of}
    return Person(entry.who, note) if entry.person_id else entry.who


def what(entry: Entry) -> object:
    """What happened, and to what; the number of a person's row says nothing to anybody."""
    is_told = entry.object_id and entry.object_type != "person"
    return Lines(entry.sentence, entry.about) if is_told else entry.sentence


def page_of(entry: Entry) -> str:
    """The address of its page; none for a number below zero, which somebody pushed in."""
    return reverse("audit:entry", args=[entry.number]) if entry.number >= 0 else ""


COLUMNS = Columns(
    Column(
        key="entry",
        label=_("Entry"),
        sort="number",
        value=lambda entry: entry.number_text,
        url=page_of,
    ),
    Column(
        key="number",
        label=_("Number"),
        kind=Kind.NUMBER,
        value=lambda entry: entry.number,
        export="number",
        screen=False,
    ),
    Column(
        key="at",
        label=_("When"),
        kind=Kind.TIME,
        value=lambda entry: entry.at,
        export="at",
        classes="soft",
    ),
    Column(key="who", label=_("Who"), value=who, export="who", export_value=lambda entry: entry.who),
    Column(key="role", label=_("Role"), value=lambda entry: entry.role, export="role", screen=False),
    Column(
        key="delegate_of",
        label=_("For"),
        value=lambda entry: entry.delegate_of,
        export="delegate_of",
        screen=False,
    ),
    Column(key="event", label=_("Event"), value=lambda entry: entry.event, export="event", screen=False),
    Column(key="what", label=_("What"), value=what),
    Column(
        key="changes",
        label=_("Before and after"),
        value=lambda entry: entry.changes,
        template="audit/cell_changes.html",
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="object_type", label=_("Kind"), value=lambda entry: entry.object_type, export="object_type", screen=False
    ),
    Column(key="object", label=_("Object"), value=lambda entry: entry.object_id, export="object_id", screen=False),
    Column(key="client", label=_("Client"), value=lambda entry: entry.client, export="client", screen=False),
    Column(key="reason", label=_("Reason"), value=lambda entry: entry.reason, export="reason", screen=False),
    Column(key="result", label=_("Result"), value=lambda entry: entry.result, export="result", screen=False),
    Column(key="address", label=_("From"), value=lambda entry: entry.address, export="address", screen=False),
    Column(key="request", label=_("Request"), value=lambda entry: entry.request_id, export="request_id", screen=False),
    Column(
        key="hash",
        label=_("Hash"),
        value=lambda entry: entry.short_hash,
        template="audit/cell_hash.html",
        export="hash",
        export_value=lambda entry: entry.hash,
        on_phone=OnPhone.HIDE,
        classes="num",
    ),
    Column(
        key="canonical",
        label=_("Canonical text"),
        value=lambda entry: entry.canonical,
        export="canonical",
        screen=False,
    ),
)
