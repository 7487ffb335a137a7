"""The form of every page that takes one file."""

from django import forms
from django.utils.translation import gettext_lazy as _


class UploadForm(forms.Form):
    """One file. ``arrived`` stands behind it in the form: where it is missing, the file was cut off on its way."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"required": _("Choose a file."), "invalid": _("Choose a file.")},
    )
    arrived = forms.CharField(
        widget=forms.HiddenInput,
        initial="yes",
        error_messages={"required": _("The file did not arrive whole. Upload it again.")},
    )
