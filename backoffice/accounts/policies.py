"""Which roles may open or do something. Policies of the apps build on these."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import Person, Role

#: The people of each role, as sentences name them.
PLURALS = {
    Role.FINANCE: gettext_lazy("finance"),
    Role.MANAGER: gettext_lazy("managers"),
    Role.AUDITOR: gettext_lazy("auditors"),
    Role.ADMINISTRATOR: gettext_lazy("administrators"),
}

View = Callable[..., HttpResponseBase]


class Refused(PermissionDenied):
    """A person may not do something. The text is a sentence fit for that person, naming who can."""


def has_role(person: Person, *roles: Role) -> bool:
    """Whether a person's role is one of ``roles``."""
    return person.role in roles


def check_role(person: Person, *roles: Role) -> None:
    """Refuse a person whose role is none of ``roles``.

    :raises Refused: naming the roles that can.
    """
    if not has_role(person, *roles):
        names = get_text_list([str(PLURALS[role]) for role in roles], _("and"))
        raise Refused(_("Only %(roles)s can do this.") % {"roles": names})


def require_role(*roles: Role) -> Callable[[View], View]:
    """Open a view to these roles only; others get the 403 page with the reason.

    The roles stay readable on the view as ``required_roles``; a test holds them to the permission matrix (`matrix.py`).
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            check_role(request.user, *roles)  # type: ignore[arg-type]
            return view(request, *args, **kwargs)

        wrapped.required_roles = frozenset(roles)  # type: ignore[attr-defined]
        return wrapped

    return decorate
