"""What the field for a second factor needs to know of the person in front of it."""

from typing import Any

from django import template
from django.template import Context

from backoffice.accounts import step_up
from backoffice.accounts.models import Person

register = template.Library()


@register.simple_tag(takes_context=True)
def factor_ways(context: Context, person: Any = None) -> step_up.Ways | None:
    """Return how ``person``, or else whoever is signed in, can show a factor; None outside a request."""
    request = getattr(context, "request", None) or context.get("request")
    asked = person if isinstance(person, Person) else getattr(request, "user", None)
    return step_up.ways_of(request, asked) if request and isinstance(asked, Person) else None
