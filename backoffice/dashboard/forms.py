"""The search box."""

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.dashboard.search import LONGEST


class SearchForm(forms.Form):
    """What to search for: at most two hundred characters, blanks at either end left out."""

    q = forms.CharField(
        label=_("Search everything"),
        max_length=LONGEST,
        error_messages={
            "required": _("Type a reference, an order number, a client or an amount."),
            "max_length": _("This is longer than anything we know. Search for at most 200 characters."),
            "null_characters_not_allowed": _("This has a character no reference or name has."),
        },
    )
