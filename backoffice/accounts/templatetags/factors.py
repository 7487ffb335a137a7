"""What the field for a second factor needs to know of the person in front of it."""

from typing import Any

from django import template
from django.template import Context

from backoffice.accounts import step_up

register = template.Library()


@register.simple_tag(takes_context=True)
def code_of_the_demo(context: Context, person: Any = None) -> str:
    """Return the code a demo shows beside the field of ``person``, or of whoever is signed in; empty elsewhere."""
    request = getattr(context, "request", None) or context.get("request")
    return step_up.demo_code(request, person or request.user) if request else ""
