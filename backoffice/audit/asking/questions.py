"""Questions a person keeps: a page of the log with its filters, under a name of their own."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from backoffice.accounts.matrix import TABLE
from backoffice.accounts.models import Person
from backoffice.accounts.signed_in import person_of
from backoffice.audit.models import SavedQuestion
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.ui.listing import MAX_QUERY_LENGTH, PAGE, PART

#: The pages whose questions can be kept.
PAGES: Final = frozenset({"audit:list", "audit:day", "who_funded:page"})
MOST: Final = 50
#: What says which piece of an answer is shown, and is no part of the question.
NOT_ASKED: Final = frozenset({PAGE, PART})


class NotKept(Exception):
    """A question cannot be kept. The text is fit for staff."""


@dataclass(frozen=True)
class Asked:
    """A page and its filters."""

    path: str
    query: str

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


def asked_at(address: str, by: Person) -> Asked:
    """Read a question out of an address of ours.

    :raises NotKept: for an address that asks the log nothing, or that ``by`` may not open.
    """
    parts = urlsplit(address)
    name = _name_of(parts.path)
    if parts.scheme or parts.netloc or name not in PAGES or by.role not in TABLE[name].get:
        raise NotKept(_("Only questions to the audit log are kept."))
    query = urlencode([(key, text) for key, text in parse_qsl(parts.query) if key not in NOT_ASKED])
    if len(query) > MAX_QUERY_LENGTH:
        raise NotKept(_("This question is too long to be kept."))
    return Asked(parts.path, query)


def _name_of(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def questions_of(person: Person) -> list[SavedQuestion]:
    """Return what a person keeps, by name."""
    return list(SavedQuestion.objects.filter(person=person).order_by("name", "pk")[:MOST])


def context_of(request: HttpRequest) -> dict[str, Any]:
    """What `audit/questions.html` needs on a page whose filters stand in its address."""
    asks = any(text for name, text in request.GET.items() if name not in NOT_ASKED)
    return {
        "questions": questions_of(person_of(request)),
        "question_address": request.get_full_path() if asks else "",
    }


def keep_question(*, name: str, asked: Asked, by: Person) -> SavedQuestion:
    """Keep a question under a name.

    :raises NotKept: for a name in use, or where there is no room.
    """
    try:
        with transaction.atomic():
            if SavedQuestion.objects.filter(person=by).count() >= MOST:
                raise NotKept(_("You keep as many questions as there is room for. Forget one first."))
            question = SavedQuestion.objects.create(
                person=by, name=name, path=asked.path, query=asked.query, created_at=clock.now()
            )
            record("question.kept", by=by, after={"name": name, "page": asked.address})
    except IntegrityError as error:
        raise NotKept(_("You keep another question under this name already.")) from error
    return question


def forget_question(*, question_id: int, by: Person) -> SavedQuestion:
    """Forget a question of one's own.

    :raises SavedQuestion.DoesNotExist: for somebody else's as for one that never was.
    """
    with transaction.atomic():
        question = SavedQuestion.objects.select_for_update().get(pk=question_id, person=by)
        question.delete()
        record("question.forgotten", by=by, before={"name": question.name, "page": question.address})
    return question
