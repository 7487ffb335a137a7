"""The form that takes a file to be verified."""

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.ui.upload_form import UploadForm


class ProvingForm(UploadForm):
    """One CSV file or workbook."""

    file = forms.FileField(
        label=_("CSV file or Excel workbook"),
        allow_empty_file=True,
        max_length=1_000,
        help_text=_("At most 512 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
        error_messages={
            "required": _("Choose a file."),
            "invalid": _("Choose a file."),
            "max_length": _("The name of this file is too long. Rename it; that changes nothing in what is verified."),
        },
    )
