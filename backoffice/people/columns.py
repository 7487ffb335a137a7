"""The columns of the list of people, on the screen and in the file."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.people.badges import FACTORS, STATES, role_label
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.values import Badge, Meaning, Person, Reference


def factor_of(person: Any) -> object:
    """Say which second factor somebody has; having none is worth a look."""
    return FACTORS[person.factor] if person.factor in FACTORS else Badge(_("None"), Meaning.WARNING)


COLUMNS = Columns(
    Column(
        key="name",
        label=_("Name"),
        kind=Kind.PERSON,
        value=lambda person: Person(person.name, person.email),
        url=lambda person: reverse("people:detail", args=[person.pk]),
        sort="name",
        export="name",
    ),
    Column(
        key="email",
        label=_("E-mail"),
        value=lambda person: Reference(person.email),
        export="email",
        screen=False,
    ),
    Column(
        key="role",
        label=_("Role"),
        value=lambda person: role_label(person.role),
        sort="role",
        export="role",
        export_value=lambda person: person.role,
    ),
    Column(
        key="state",
        label=_("State"),
        kind=Kind.BADGE,
        value=lambda person: STATES[person.state],
        export="state",
        export_value=lambda person: person.state,
    ),
    Column(
        key="factor",
        label=_("Second factor"),
        value=factor_of,
        on_phone=OnPhone.LABEL,
        export="factor",
        export_label="second_factor",
        export_value=lambda person: person.factor,
    ),
    Column(
        key="factor_since",
        label=_("Since"),
        kind=Kind.TIME,
        value=lambda person: person.factor_since,
        on_phone=OnPhone.HIDE,
        classes="soft",
        export="factor_since",
        export_label="second_factor_since",
    ),
    Column(
        key="last_seen",
        label=_("Last seen"),
        kind=Kind.TIME,
        value=lambda person: person.last_seen,
        on_phone=OnPhone.LABEL,
        classes="soft",
        export="last_seen",
    ),
    Column(
        key="created",
        label=_("Account since"),
        kind=Kind.TIME,
        value=lambda person: person.created_at,
        screen=False,
        export="created_at",
        export_label="created_at",
    ),
)
