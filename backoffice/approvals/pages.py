"""What the decision page shows of a request, beside the subject's own preview."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts import models as accounts
from backoffice.approvals import queries
from backoffice.approvals.columns import badge_of, waited
from backoffice.approvals.models import Decision, Delegation, Request
from backoffice.approvals.policies import (
    can_cancel,
    is_expired,
    not_known_yet,
    why_not_decide,
    why_not_take_back,
    why_over,
)
from backoffice.approvals.rejections import kind_of
from backoffice.approvals.states import RequestState
from backoffice.approvals.subjects import HasItsOwnHistory, subject_of
from backoffice.approvals.voices import progress, spoken_by
from backoffice.approvals.wording import sentence_of
from backoffice.audit.models import Entry
from backoffice.audit.queries import history_of_identity
from backoffice.money import Money
from backoffice.ui import times
from backoffice.ui.text import visible
from backoffice.ui.values import Amount, Check, CheckResult, Crumb, Person, Reference

#: A queue is counted no further than this: "99+" says as much as any other number.
COUNTED: Final = 100


def detail_context(asked: Request, person: accounts.Person, now: datetime) -> dict[str, Any]:
    """Return the header, the decision and who can make it; the button and the server ask the same function."""
    reason, words = why_over(asked, now, person) or why_not_decide(person, asked, now), subject_of(asked).words
    given = [one for one in queries.decisions_of(asked) if queries.counts(one)]
    return {
        "asked": asked,
        "crumbs": [Crumb(_("Approvals"), reverse("approvals:list")), Crumb(asked.subject)],
        "badge": badge_of(asked),
        "line": line_of(asked, now),
        "amount": Amount(asked.amount, asked.asset),
        "amount_text": "" if asked.amount is None else str(Money(asked.amount, asked.asset)),
        "why_not": reason,
        "not_known_yet": None if reason else not_known_yet(asked),
        "is_waiting": is_waiting(asked, now),
        "can_cancel": can_cancel(person, asked, now),
        "can_take_back": why_not_take_back(person, asked, now) is None,
        "people": people_of(asked, person, now),
        "progress": progress(asked, given) if asked.state == RequestState.WAITING else "",
        "shortage": shortage_of(asked, given),
        "rule_sentence": sentence_of(asked.rule, asked.rule_version),
        "subject_url": subject_of(asked).url(asked.subject),
        "words": words,
        "if_rejected": str(words.if_rejected) % {"name": asked.requested_by.name},
        "decisions": [(spoken_by(one), kind_of(one), one) for one in queries.decisions_of(asked)],
        "history": history_of_request(asked),
        **place_in_queue(asked, person, now),
    }


def history_of_request(asked: Request) -> list[Entry]:
    subject = subject_of(asked)
    return subject.history(asked) if isinstance(subject, HasItsOwnHistory) else history_of_identity(asked.subject)


def is_waiting(asked: Request, now: datetime) -> bool:
    """Whether somebody can still decide: a request whose time is over waits no more, moved or not."""
    return asked.state == RequestState.WAITING and not is_expired(asked, now)


def line_of(asked: Request, now: datetime) -> list[object]:
    """One line of facts: the reference, how long it waits or waited."""
    sentence = _("Waiting %(span)s") if is_waiting(asked, now) else _("Waited %(span)s")
    return [Reference(asked.subject), sentence % {"span": waited(asked)}]


def factor_sentence(asked: Request, preview: Mapping[str, Any]) -> SafeString:
    """Say what the code is good for, beside the field: the act, and amount, asset and client where it has them.

    Names are a stranger's text: what hides in them is named.
    """
    parts = [asked.title.rstrip(".")]
    if asked.amount is not None:
        kind, whom = preview.get("kind_label", ""), preview.get("for_whom", asked.client)
        parts = [str(kind).lower(), str(Money(asked.amount, asked.asset)), str(whom)]
    what = format_html_join(", ", "{}", ((visible(part, 120),) for part in parts if part))
    return format_html("{} {}.", _("Good for this one decision only:"), what)


def odd_checks(preview: Mapping[str, Any]) -> list[Check]:
    """Return the checks of the preview that ask to be looked at."""
    return [one for one in preview.get("checks", ()) if one.result in (CheckResult.FAILED, CheckResult.WARNING)]


def to_look_at(preview: Mapping[str, Any]) -> str:
    """Name each check that asks to be looked at, and whatever it speaks of, for a hidden field of the page."""
    named = {
        (str(one.text), str(link)) for one in odd_checks(preview) for link in ("", *(link.text for link in one.links))
    }
    return " ".join(sorted(hashlib.sha256("\n".join(one).encode()).hexdigest()[:16] for one in named))


def asks_for_more(preview: Mapping[str, Any], looked_at: str) -> bool:
    """Tell whether the preview asks to look at what a page did not, whose field said ``looked_at``."""
    return not set(to_look_at(preview).split()) <= set(looked_at.split())


def note_hint(preview: Mapping[str, Any]) -> str:
    """Say that a note is needed where checks of the preview ask to be looked at; empty where none does."""
    odd = odd_checks(preview)
    if not odd:
        return ""
    return ngettext(
        "Needed here: %(n)s check asks to be looked at.", "Needed here: %(n)s checks ask to be looked at.", len(odd)
    ) % {"n": len(odd)}


# People ---------------------------------------------------------------------------------------------------------------


def people_of(asked: Request, person: accounts.Person, now: datetime) -> list[tuple[Person, CheckResult | str]]:
    """List who can decide or has, the reader first; then who cannot: who asked, and who is barred.

    Once it is over nobody can any more: those who decided, and who asked.
    """
    decided = {one.decided_by_id: one for one in queries.decisions_of(asked) if one.taken_back_at is None}
    if not is_waiting(asked, now):
        took_part = [(_shown(one.decided_by, person, _decided_on(one)), "") for one in decided.values()]
        return [*took_part, (_shown(asked.requested_by, person, _("Asked for it")), "")]
    entitled = queries.people_who_can_decide(asked.requested_by_id, asked.barred_id)
    entitled.sort(key=lambda one: one.pk != person.pk)
    able = [(_shown(one, person, note), result) for one, note, result in _notes_on(entitled, decided, now)]
    unable = [(_shown(asked.requested_by, person, _("Asked for it")), CheckResult.FAILED)]
    if asked.barred is not None:
        unable.append((_shown(asked.barred, person, str(subject_of(asked).words.barred.note)), CheckResult.FAILED))
    return [*able, *unable]


def _notes_on(
    entitled: list[accounts.Person], decided: Mapping[int, Decision], now: datetime
) -> Iterator[tuple[accounts.Person, str, CheckResult | str]]:
    """Say of each that they have decided, that their voice is used, that they are away, or else their role."""
    away = queries.stand_ins(now)
    spoken_for = {one.for_person_id: one for one in decided.values()}
    for one in entitled:
        if one.pk in decided:
            yield one, _decided_on(decided[one.pk]), CheckResult.PASSED
        elif one.pk in spoken_for:
            yield one, _("%(name)s has approved for them") % {"name": spoken_for[one.pk].decided_by.name}, ""
        else:
            yield one, _away_or_role(one, away.get(one.pk)), CheckResult.PASSED


def _away_or_role(one: accounts.Person, away: Delegation | None) -> str:
    if away is None:
        return str(one.get_role_display())
    said = {"name": away.stand_in.name, "moment": times.written(away.ends_at, times.MomentStyle.SHORT)}
    return _("Away; %(name)s decides for them until %(moment)s") % said


def _decided_on(given: Decision) -> str:
    """Say what somebody decided and when, and for whom where it was not in their own name."""
    is_approval, away = given.verdict == Decision.Verdict.APPROVED, given.for_person
    said = {
        "moment": times.written(given.decided_at, times.MomentStyle.SHORT),
        "name": away.name if away else "",
    }
    if away:
        text = _("Approved for %(name)s on %(moment)s") if is_approval else _("Rejected for %(name)s on %(moment)s")
    else:
        text = _("Approved on %(moment)s") if is_approval else _("Rejected on %(moment)s")
    return text % said


def shortage_of(asked: Request, given: list[Decision]) -> str:
    """Say that fewer people can still decide than have to; empty where there are enough."""
    missing, able = asked.people_needed - len(given), len(queries.people_still_able(asked))
    if asked.state != RequestState.WAITING or able >= missing:
        return ""
    said = {"missing": missing, "able": able}
    return (
        _("It needs %(missing)s more, and %(able)s can: an administrator has to invite a manager, or it expires.")
        % said
    )


def _shown(one: accounts.Person, person: accounts.Person, note: str) -> Person:
    return Person(one.name, note, called=_("You") if one.pk == person.pk else "")


# The queue ------------------------------------------------------------------------------------------------------------


def place_in_queue(asked: Request, person: accounts.Person, now: datetime) -> dict[str, Any]:
    """Say which of how many waiting requests this is for ``person``, and which comes next. Counts no further than
    `COUNTED`, so that the page of one request costs the same however long the queue is."""
    following = queries.next_after(asked, person, now)
    if following is None:
        return {"place": "", "waiting_count": "", "next_url": ""}
    waiting = queries.waiting_for(person, now)
    is_in_queue = waiting.filter(pk=asked.pk).exists()
    return {
        "place": _bounded(queries.older_than(asked, waiting)[:COUNTED].count() + 1) if is_in_queue else "",
        "waiting_count": _bounded(waiting[:COUNTED].count()),
        "next_url": reverse("approvals:detail", args=[following.subject]),
    }


def _bounded(count: int) -> str:
    return str(count) if count < COUNTED else f"{COUNTED - 1}+"
