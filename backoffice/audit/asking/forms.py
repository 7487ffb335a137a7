"""What is asked of the log in words of its own: a person and a day, a name for a question."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.audit.queries import people
from backoffice.ui.filters import check_year


class DayForm(forms.Form):
    """Whose day, and which."""

    person = forms.ChoiceField(label=_("Person"), choices=people)
    day = forms.DateField(
        label=_("Day"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def clean_person(self) -> Person:
        return Person.objects.get(pk=self.cleaned_data["person"])

    def clean_day(self) -> Any:
        day = self.cleaned_data["day"]
        check_year(day)
        return day


class QuestionForm(forms.Form):
    """A name for a question."""

    name = forms.CharField(label=_("Name"), max_length=80)
