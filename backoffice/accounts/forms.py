"""Signing in, and what people choose about their own account."""

from zoneinfo import available_timezones

from allauth.account.forms import LoginForm
from django import forms
from django.utils.translation import gettext_lazy as _


class SignInForm(LoginForm):  # type: ignore[misc]
    """The library's form with the words of the screen."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label, password.label = _("Work e-mail"), _("Password")
        login.widget.attrs = {"type": "email", "autocomplete": "username", "autofocus": True}
        password.widget.attrs = {"autocomplete": "current-password"}
        password.help_text = ""


class TimeZoneForm(forms.Form):
    """The zone in which a person sees times."""

    time_zone = forms.ChoiceField(label=_("Time zone"), choices=lambda: [(name, name) for name in zones()])


def zones() -> list[str]:
    """List the zones people live in: by continent and city, and UTC."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]
