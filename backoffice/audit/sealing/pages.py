"""What the page for verifying the log shows of its seals."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.audit.models import Seal
from backoffice.audit.sealing import second_place
from backoffice.audit.sealing.keys import InvalidSealKey, written_keys
from backoffice.audit.sealing.queries import SealingState, sealing_state, setting_aside
from backoffice.ui.values import Fact, Link, Reference


def seals_context() -> dict[str, Any]:
    """How far the log is sealed, and what signatures are checked with."""
    state = sealing_state()
    return {"seals": facts_of(state) if state.newest or state.is_on else [], "seals_trouble": trouble_of(state)}


def facts_of(state: SealingState) -> list[Fact]:
    newest = state.newest
    return [
        *(facts_of_seal(newest) if newest else [Fact(_("Newest seal"), _("None yet"))]),
        Fact(_("Entries since"), _("Unknown") if state.unsealed is None else f"{state.unsealed:,}"),
        Fact(_("Not yet in the second place"), copies_of(state)),
        *(Fact(_("Seals set aside after a restore"), entry) for entry in entries_to_read()),
        *(Fact(_("Public key %(id)s") % {"id": name}, Reference(text)) for name, text in shown_keys()),
    ]


def facts_of_seal(seal: Seal) -> list[Fact]:
    return [
        Fact(
            _("Newest seal"), _("Seal %(seal)s, of entry %(entry)s") % {"seal": str(seal), "entry": f"{seal.entry:,}"}
        ),
        Fact(_("Sealed"), seal.at),
        Fact(_("Hash of the seal"), Reference(seal.hash)),
    ]


def entries_to_read() -> list[Link]:
    """Name each entry that says that seals were set aside, whether a verification has named it yet or not."""
    return [
        Link(_("Entry %(number)s") % {"number": f"{number:,}"}, reverse("audit:entry", args=[number]))
        for number in setting_aside()
    ]


def copies_of(state: SealingState) -> str:
    if second_place.directory() is None:
        return _("There is none")
    return state.uncopied_text


def shown_keys() -> list[tuple[str, str]]:
    """Return id and text of every key that may have signed a seal, the one in force first."""
    try:
        return list(written_keys().items())
    except InvalidSealKey:
        return []


def trouble_of(state: SealingState) -> str:
    """Say what is wrong with sealing; empty when nothing is known to be."""
    if state.head is None:
        return _("The head of the log is missing.")
    if state.troubled_by:
        return state.troubled_by
    if not state.is_on:
        return _("This log is not sealed: whoever runs the product sets a key and a second place.")
    return _("No seal was made in time. Ask whoever runs the product whether a worker runs.") if state.is_late else ""
