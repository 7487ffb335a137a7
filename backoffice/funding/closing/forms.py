"""What finance types and attaches to have an operation in review closed."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.step_up import FactorForm
from backoffice.funding.closing.attachments import FEWEST, LARGEST, MOST, Attachment, BadAttachment, attachment_of
from backoffice.funding.closing.findings import Findings
from backoffice.funding.models import Closing

LONGEST_STATEMENT: Final = 2000


class FilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class EvidenceField(forms.FileField):
    """One to five files, each judged by its bytes."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Attachment]:
        """Return the files as they are kept.

        :raises ValidationError: with one sentence for each file that cannot be.
        """
        files = list(data or [])
        if not FEWEST <= len(files) <= MOST:
            sentence = _("Attach %(fewest)d to %(most)d files: what CoinMENA stated.")
            raise ValidationError(sentence % {"fewest": FEWEST, "most": MOST})
        kept, faults = list[Attachment](), list[str]()
        for one in files:
            try:
                kept.append(attachment_of(one.name or "", one.read(LARGEST + 1)))
            except BadAttachment as fault:
                faults.append(str(fault))
        if faults:
            raise ValidationError(faults)
        return kept


class ClosingForm(FactorForm):
    """The claim, its ground, and the evidence for it."""

    #: As the page has them, so that mistakes are listed in that order; the code comes last.
    field_order = ["outcome", "order_id", "reason_code", "statement", "evidence"]

    outcome = forms.ChoiceField(
        label=_("What became of it"),
        choices=Closing.Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what became of it.")},
    )
    order_id = forms.TypedChoiceField(
        label=_("Order it was completed with"), coerce=int, empty_value=None, required=False
    )
    reason_code = forms.ChoiceField(
        label=_("Kind of reason"),
        choices=[("", _("Choose one")), *Closing.ReasonCode.choices],
        error_messages={"required": _("Choose the kind of reason.")},
    )
    statement = forms.CharField(
        label=_("What CoinMENA stated"),
        max_length=LONGEST_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Who said it, when and how. Seen by the manager who signs and by auditors."),
        error_messages={"required": _("Say what CoinMENA stated, and who said it.")},
    )
    evidence = EvidenceField(
        label=_("Evidence"),
        help_text=_("One to five files: PDF, PNG, JPEG, CSV, TXT or EML, at most 5 MB each."),
        widget=FilesInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg,.csv,.txt,.eml"}),
    )

    def __init__(self, findings: Findings, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(order.id), str(order.id)) for order in findings.closable]
        self.fields["order_id"].choices = [("", _("Choose one")), *choices]  # type: ignore[attr-defined]
        if len(choices) < 2:
            self.fields["order_id"].widget = forms.HiddenInput()
        if choices and not self.is_bound:
            self.initial.setdefault("outcome", Closing.Outcome.COMPLETED)
            self.initial.setdefault("order_id", choices[0][0] if len(choices) == 1 else "")


class SettleForm(forms.Form):
    """What was done about an order that came late."""

    settlement = forms.CharField(
        label=_("What was done about it"),
        max_length=LONGEST_STATEMENT,
        error_messages={"required": _("Say what was done about it, so that auditors understand it.")},
    )
