"""What is sent to approve several requests: the rows as they were shown, signed, and one second factor."""

from typing import Final

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.accounts.step_up import FactorForm
from backoffice.approvals.forms import LONGEST_MARK, LONGEST_NOTE
from backoffice.approvals.together.services import Shown
from backoffice.approvals.together.sets import Alike, Together

#: Fifty rows of a subject and a fingerprint, signed, with room to spare.
LONGEST_ROWS: Final = 20_000
SHOWN_FOR_SECONDS: Final = 30 * 60
_SALT: Final = "backoffice.approvals.together"


def sealed(found: Together, person: Person) -> str:
    """Return the rows of a page for ``person``, signed: nobody adds one, and nobody else sends them."""
    alike = found.alike
    rows = [[one.subject, one.fingerprint] for one in found.rows]
    content = [person.pk, [alike.kind, alike.asset, alike.rule, alike.rule_version], rows]
    return signing.dumps(content, salt=_SALT, compress=True)


class TogetherForm(FactorForm):
    """The rows that were shown, and a code for all of them."""

    rows = forms.CharField(widget=forms.HiddenInput, max_length=LONGEST_ROWS)
    opened = forms.CharField(widget=forms.HiddenInput, max_length=LONGEST_MARK, required=False)
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with each of them. Seen by the people who asked and by auditors."),
    )


class AlikeForm(forms.Form):
    """Which set is asked for, in the address."""

    kind = forms.CharField(max_length=32)
    asset = forms.CharField(max_length=32)
    rule = forms.CharField(max_length=200)
    rule_version = forms.IntegerField(min_value=1, max_value=2_000_000_000)

    def alike(self) -> Alike:
        """Return what a valid form names."""
        return Alike(**self.cleaned_data)


def unsealed(text: str, person: Person) -> tuple[Alike, list[Shown]] | None:
    """Return what `sealed` wrote for ``person``; None for anything else, and for what was shown too long ago."""
    try:
        pk, alike, rows = signing.loads(text, salt=_SALT, max_age=SHOWN_FOR_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return (Alike(*alike), [Shown(*row) for row in rows]) if pk == person.pk else None
