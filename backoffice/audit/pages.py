"""What the page of one entry shows."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.audit.addresses import address_of
from backoffice.audit.models import Entry
from backoffice.audit.queries import neighbours_of
from backoffice.audit.verifying.chain import fault_of
from backoffice.ui.values import Action, Badge, Crumb, Fact, Meaning, Reference


def log_crumb() -> Crumb:
    return Crumb(_("Audit log"), reverse("audit:list"))


def entry_context(entry: Entry) -> dict[str, Any]:
    """Everything about one entry."""
    return {
        "entry": entry,
        "title": _("Entry %(number)s") % {"number": entry.number_text},
        "crumbs": [log_crumb(), Crumb(entry.number_text)],
        "badge": badge_of(entry),
        "line": [entry.sentence, entry.at],
        "actions": beside(entry),
        "facts": facts_of(entry),
        "chain": chain_of(entry),
        "canonical": entry.canonical,
        "fault": fault_of(entry.number),
        "verify": Action(_("Verify"), reverse("audit:verify"), "shield-check"),
    }


def badge_of(entry: Entry) -> Badge:
    words = {
        Entry.Result.DONE.value: Badge(_("Done"), Meaning.POSITIVE, calm=True),
        Entry.Result.REFUSED.value: Badge(_("Refused"), Meaning.NEGATIVE),
        Entry.Result.FAILED.value: Badge(_("Failed"), Meaning.WARNING),
    }
    return words.get(entry.result, Badge(entry.result))


def beside(entry: Entry) -> list[Action]:
    """The ways to the entries before and after."""
    numbers = neighbours_of(entry)
    ways = [(_("Entry before"), numbers.before, "chevron-left"), (_("Entry after"), numbers.after, "chevron-right")]
    return [Action(text, reverse("audit:entry", args=[number]), icon) for text, number, icon in ways if number]


def facts_of(entry: Entry) -> list[Fact]:
    role = entry.role_label or _("No person")
    facts = [
        Fact(_("What"), entry.sentence),
        Fact(_("Event"), Reference(entry.event)),
        Fact(_("Who"), entry.whose),
        Fact(_("Role then"), role),
        Fact(_("When"), entry.at),
        Fact(_("From"), Reference(entry.address)),
        Fact(_("Request"), Reference(entry.request_id)),
    ]
    if entry.object_id:
        facts.append(Fact(_("About"), Reference(f"{entry.object_type} {entry.object_id}", entry.about.url)))
    if entry.client:
        facts.append(Fact(_("Client"), Reference(entry.client, address_of("client", entry.client))))
    return [*facts, *([Fact(_("Reason"), entry.reason)] if entry.reason else [])]


def chain_of(entry: Entry) -> list[Fact]:
    return [
        Fact(_("Hash of the entry before"), Reference(entry.prev)),
        Fact(_("Hash of this entry"), Reference(entry.hash)),
        Fact(_("Form"), _("Version %(version)d") % {"version": entry.version}),
    ]
