"""What can be done to exceptions, as the pages offer it: the words, the form, the service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.reconciliation.exceptions import forms
from backoffice.reconciliation.exceptions.acting import Result
from backoffice.reconciliation.exceptions.policies import why_not_force, why_not_settle, why_not_work
from backoffice.reconciliation.models import ExceptionItem, Resolution
from backoffice.reconciliation.services import exceptions as services
from backoffice.ui.values import Text

Serve = Callable[[Sequence[int], dict[str, Any], Person], list[Result]]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One act: the button, the question, what it does, what is asked, who does it."""

    name: str
    button: Text
    title: Text
    does: Text
    form: type[forms.ActForm]
    serve: Serve
    why_not: Callable[[ExceptionItem], str]
    icon: str
    is_single: bool = False


def forced(resolution: Resolution) -> Serve:
    return lambda ids, said, by: services.ask_to_force(ids, resolution=resolution, text=said["text"], by=by)


OFFERS: Final[dict[str, Offer]] = {
    one.name: one
    for one in (
        Offer(
            name="read",
            button=_("Read again"),
            title=_("Read again from the partner"),
            does=_("The partner is asked for each once more, and both sides are compared again. Up to ten at once."),
            form=forms.ActForm,
            serve=lambda ids, said, by: services.read_again(ids, by=by),
            why_not=why_not_work,
            icon="refresh",
        ),
        Offer(
            name="assign",
            button=_("Assign"),
            title=_("Assign"),
            does=_("Whoever owns an exception sees it under Mine."),
            form=forms.AssignForm,
            serve=lambda ids, said, by: services.assign(ids, owner=said["owner"], by=by),
            why_not=why_not_work,
            icon="user-cog",
        ),
        Offer(
            name="severity",
            button=_("Set the severity"),
            title=_("Set the severity"),
            does=_(
                "High is due four hours after it was first seen, medium at the end of the next day, "
                "low at the end of the third."
            ),
            form=forms.SeverityForm,
            serve=lambda ids, said, by: services.set_severity(ids, severity=said["severity"], by=by),
            why_not=why_not_work,
            icon="adjustments",
        ),
        Offer(
            name="note",
            button=_("Write a note"),
            title=_("Write a note"),
            does=_("Notes stay in the history and are never changed."),
            form=forms.NoteForm,
            serve=lambda ids, said, by: services.note(ids, text=said["text"], by=by),
            why_not=lambda item: "",
            icon="pencil",
        ),
        Offer(
            name="refer",
            button=_("Keep a link"),
            title=_("Keep a link"),
            does=_("The address of a letter, a ticket or a statement that belongs to it."),
            form=forms.LinkForm,
            serve=lambda ids, said, by: services.refer(ids, address=said["address"], text=said["text"], by=by),
            why_not=lambda item: "",
            icon="external-link",
        ),
        Offer(
            name="carry",
            button=_("Carry forward"),
            title=_("Carry forward: a matter of timing"),
            does=_("The day can be closed without it. It ends when the partner's data clears it."),
            form=forms.TextForm,
            serve=lambda ids, said, by: services.carry(ids, text=said["text"], by=by),
            why_not=why_not_settle,
            icon="arrow-right",
        ),
        Offer(
            name="raise",
            button=_("Raise with the partner"),
            title=_("Raise with the partner"),
            does=_("Write to the partner first, then keep their ticket here. It is carried forward until they act."),
            form=forms.TicketForm,
            serve=lambda ids, said, by: services.raise_with_partner(
                ids, ticket=said["ticket"], text=said["text"], by=by
            ),
            why_not=why_not_settle,
            icon="send",
        ),
        Offer(
            name="operation",
            button=_("Link to an operation in review"),
            title=_("Link to an operation in review"),
            does=_(
                "Client, type, asset and amount must agree to the digit. "
                "The operation stays in review until two people close it on its own page."
            ),
            form=forms.OperationForm,
            serve=lambda ids, said, by: services.link(ids, reference=said["reference"], text=said["text"], by=by),
            why_not=lambda item: why_not_force(item, Resolution.MADE_ELSEWHERE),
            icon="git-compare",
            is_single=True,
        ),
        Offer(
            name="elsewhere",
            button=_("Made elsewhere"),
            title=_("Adopt what was made elsewhere"),
            does=_("A manager other than you has to agree. Nothing is sent and no amount is edited."),
            form=forms.TextForm,
            serve=forced(Resolution.MADE_ELSEWHERE),
            why_not=lambda item: why_not_force(item, Resolution.MADE_ELSEWHERE),
            icon="shield-check",
        ),
        Offer(
            name="accept",
            button=_("Accept as the partner's correction"),
            title=_("Accept as the partner's correction"),
            does=_("A manager other than you has to agree. Nothing is sent and no amount is edited."),
            form=forms.TextForm,
            serve=forced(Resolution.ACCEPTED),
            why_not=lambda item: why_not_force(item, Resolution.ACCEPTED),
            icon="shield-check",
        ),
    )
}
