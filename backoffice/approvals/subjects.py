"""What can be decided on. Higher apps register their subjects; this engine knows them by kind only.

Lock order everywhere: gate → client → operation → approval → audit head. That is why a subject is asked to lock its
own rows before the engine locks the request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.audit.models import Entry
from backoffice.ui.values import Link, Text


@dataclass(frozen=True, kw_only=True)
class Barred:
    """Why whoever is barred beside the one who asked does not decide: told to them, to whoever stands in for
    ``%(name)s``, and as a note beside their name."""

    told: Text = _("You cannot decide on this: it would undo what you did.")
    told_for: Text = _("You cannot decide on this for %(name)s: it would undo what they did.")
    note: Text = _("Would undo their own act")


@dataclass(frozen=True, kw_only=True)
class Words:
    """How the decision page speaks of one kind of subject.

    ``to_subject`` leads to its own page; ``if_rejected`` says what a rejection does, of ``%(name)s`` who asked.
    """

    approve: Text
    to_subject: Text
    if_rejected: Text
    barred: Barred = Barred()


class Subject(Protocol):
    """Something that waits for another person.

    ``key`` is the request's ``subject``, e.g. an operation's reference. Each ``on_…`` runs inside the transaction that
    decides, changes the subject's own state and writes the audit entry as its last statement; it raises to undo all.
    """

    kind: str
    preview_template: str
    words: Words

    def lock(self, key: str) -> None:
        """Lock the subject's rows for the rest of the transaction."""

    def current_fingerprint(self, key: str) -> str:
        """Compute the digest of the subject's content as it is now."""

    def preview(self, request: Request, *, is_fresh: bool) -> dict[str, Any]:
        """Return the context of ``preview_template``: what would happen. Writes nothing but what the
        partner said.

        The page's own heading reads ``question`` of it where the request has no amount to ask about, ``for_whom``
        where it has one, and ``kind_label``.

        :param is_fresh: whether the partner is asked now; otherwise the newest figures known are shown with their age.
            For a subject that is `ChangedByThePartner`, only where whoever looks may decide (`policies.can_refresh`).
        """

    def url(self, key: str) -> str:
        """Return the address of the subject's own page."""

    def on_approved(self, request: Request, by: Person, note: str, now: datetime) -> None:
        """Do what the approval permits."""

    def on_rejected(self, request: Request, by: Person, note: str, now: datetime) -> None:
        """End the subject: rejected."""

    def on_cancelled(self, request: Request, by: Person, now: datetime) -> None:
        """End the subject: taken back by the person who asked."""

    def on_expired(self, request: Request, now: datetime) -> None:
        """End the subject: nobody decided in time."""


@runtime_checkable
class ChangedByThePartner(Protocol):
    """A subject whose content others can change at any moment, so that it is read afresh before a decision."""

    def refresh(self, key: str) -> None:
        """Ask the partner now, outside any transaction; whatever is new changes the fingerprint.

        Called before the second factor is used up, and again before the decision itself, so that no approval is given
        without it. Returning says that the partner was asked, whether or not it answered.

        :raises NotYet: when the partner could not be asked at this moment; nothing is decided then.
        """

    def changed_sentence(self, key: str) -> str:
        """Say why what was asked for cannot be decided on any more, and who can go on."""


@dataclass(frozen=True)
class NotKnown:
    """Why nobody knows yet whether something has happened already, and where to see what is missing."""

    sentence: str
    way_on: Link


@runtime_checkable
class MayHaveHappened(Protocol):
    """A subject that nobody approves while it is not known whether it has happened already, however it is asked for.
    Its ``on_rejected`` refuses as well: what has happened is nobody's to reject."""

    def not_known_yet(self) -> NotKnown | None:
        """Say why nothing of this kind is approved now; None while everything is known. Takes no lock."""


@runtime_checkable
class HasItsOwnHistory(Protocol):
    """A subject of which the log tells under another name than that of its request."""

    def history(self, request: Request) -> list[Entry]:
        """Return the newest entries about what is decided on, and about the request itself, newest first."""


@runtime_checkable
class TakesEffectLater(Protocol):
    """A subject whose approval can be taken back for as long as nothing has come of it, though everybody it needs has
    approved. Of a subject without these two, an approval that completed it took effect at once and stays."""

    def why_not_taken_back(self, key: str) -> str:
        """Say why it is too late, e.g. that it has left already; empty while nothing has. Takes no lock."""

    def on_taken_back(self, request: Request, by: Person, now: datetime) -> None:
        """End the subject before anything comes of it: ``by`` has taken their approval back.

        Called like the other ``on_…``, with the subject's rows locked; writes its audit entry as its last statement.

        :raises Conflict: with the sentence of `why_not_taken_back` when it is too late.
        """


@runtime_checkable
class KnowsWhatIsUnusual(Protocol):
    """A subject that can tell which of its requests somebody should read one by one, before several are approved
    together. The engine lifts out by itself what has changed and whose amount is far from that of the others."""

    def unusual(self, requests: Sequence[Request]) -> dict[str, str]:
        """Say in one sentence each why some of ``requests`` are not like the others; the rest are left out.

        For an operation: an equal one within 24 hours, a client in doubt, new, or not verified, a freeze or halt that
        holds it, a balance that is known not to be enough. Writes nothing, asks the partner nothing, and takes the
        same number of queries however many requests there are.

        :return: the sentence by the ``subject`` of the request.
        """

    def current_fingerprints(self, requests: Sequence[Request]) -> dict[str, str]:
        """Compute what `Subject.current_fingerprint` says of each of ``requests``, by its ``subject``.

        Takes the same number of queries however many requests there are.
        """


_subjects: dict[str, Subject] = {}


def register(subject: Subject) -> None:
    """Make a kind of subject known; called from ``AppConfig.ready()``."""
    _subjects[subject.kind] = subject


def is_known(kind: str) -> bool:
    """Tell whether anybody registered subjects of this kind."""
    return kind in _subjects


def not_known_yet() -> NotKnown | None:
    """Say why some kind of request is not approved by anybody now; None while everything is known."""
    asked = (one.not_known_yet() for one in _subjects.values() if isinstance(one, MayHaveHappened))
    return next((one for one in asked if one), None)


def subject_of(request: Request) -> Subject:
    """Return the subject that ``request`` is about.

    :raises KeyError: for a kind nobody registered.
    """
    return _subjects[request.kind]
