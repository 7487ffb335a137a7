"""What an administrator types to change the rules. Forms read it; the services say what is wrong with it."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.step_up import FactorForm
from backoffice.approvals.models import Rule, RuleKind, RuleSet
from backoffice.approvals.ruling.content import digest_of, digest_of_group
from backoffice.approvals.ruling.directory import directory
from backoffice.approvals.ruling.findings import Finding
from backoffice.money import to_plain
from backoffice.ui.fields import MaybeAmountField

LONGEST_NAME: Final = 80
LONGEST_CLIENT: Final = 300
LONGEST_GROUP: Final = 1_000_000
LONGEST_NOTE: Final = 500
SHORT_NUMBER: Final = re.compile(r"[0-9]{1,4}")
#: What a name may not hold: it stands in addresses and in sentences.
UNFIT: Final = re.compile(r"[/\\\x00-\x1f\x7f]")


class WholeNumberField(forms.CharField):
    """A whole number in ASCII digits; what was typed stays in the box."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "dir": "ltr"})

    def clean(self, value: Any) -> int:
        """Return the number.

        :raises ValidationError: for anything but one to four digits.
        """
        text = super().clean(value)
        if not SHORT_NUMBER.fullmatch(text):
            raise ValidationError(_("Type a whole number, for example 2."))
        return int(text)


class NameField(forms.CharField):
    """A name for a rule or a group."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_NAME, **kwargs)

    def clean(self, value: Any) -> str:
        """Return the name.

        :raises ValidationError: where it is empty, too long, or cannot stand in an address.
        """
        name: str = super().clean(value)
        if UNFIT.search(name):
            raise ValidationError(_("Leave out slashes and line breaks."))
        return name


class KnownClientField(forms.CharField):
    """The id of a client, typed as an id, as ``name, id`` or as a name that only one client has; or nobody."""

    def clean(self, value: Any) -> str:
        """Return the partner client id; empty where nothing was typed.

        :raises ValidationError: where nobody, or more than one, is meant.
        """
        text = super().clean(value)
        found = directory().meant_by(text) if text else []
        if text and not found:
            raise ValidationError(_("There is no such client. Type the id of a client."))
        if len(found) > 1:
            raise ValidationError(_("More than one client has this name. Type the id instead."))
        return found[0][0] if found else ""


class RuleForm(forms.Form):
    """One rule, in plain words."""

    kind = forms.ChoiceField(
        label=_("What it is about"),
        choices=[("", _("Choose one")), *RuleKind.choices],
        error_messages={"required": _("Choose what the rule is about.")},
    )
    asset = forms.CharField(label=_("Asset"), required=False, max_length=32)
    at_least = MaybeAmountField(
        label=_("From this amount on"),
        required=False,
        help_text=_("This amount included. Empty: from the smallest on."),
    )
    below = MaybeAmountField(
        label=_("Up to below this amount"),
        required=False,
        help_text=_("This amount not included. Empty: however large."),
    )
    day_total_from = MaybeAmountField(
        label=_("Only once a client's total of 24 hours comes to"),
        required=False,
        help_text=_("Counts what waits and the one being asked for. Empty: whatever the total."),
    )
    client = KnownClientField(
        label=_("Only for one client"),
        required=False,
        max_length=LONGEST_CLIENT,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The id, or the whole name. Empty: every client."),
    )
    group = forms.CharField(label=_("Only for a group of clients"), required=False, max_length=LONGEST_NAME)
    people_needed = WholeNumberField(
        label=_("How many other people must agree"),
        error_messages={"required": _("Say how many other people must agree.")},
    )
    hours = WholeNumberField(
        label=_("Hours they have to decide"),
        help_text=_("24 is one day, 168 a week, 720 the most."),
        error_messages={"required": _("Say how many hours there are to decide.")},
    )
    name = NameField(
        label=_("Name of the rule"),
        help_text=_("Stands on every request it asks for, for example: Large withdrawals, USD."),
        error_messages={"required": _("Give the rule a name.")},
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, groups: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assets = [(key, f"{key}, {name}" if name and name != key else key) for key, name in directory().assets()]
        self._offer("asset", _("Any asset"), assets)
        self._offer("group", _("Every client"), [(name, name) for name in groups])
        for name in ("at_least", "below", "day_total_from"):
            self.fields[name].widget = forms.TextInput(
                attrs={"inputmode": "decimal", "autocomplete": "off", "dir": "ltr"}
            )

    def _offer(self, name: str, anything: Any, choices: list[tuple[str, str]]) -> None:
        """Make a field a choice; what was chosen stays one, so that nothing is lost when the form comes back."""
        typed = str(self[name].value() or "")
        if typed and typed not in {key for key, _label in choices}:
            choices = [*choices, (typed, typed)]
        self.fields[name].widget = forms.Select(choices=[("", anything), *choices])

    def content(self) -> dict[str, Any]:
        """Return what the rule says, as `services.save_rule` takes it."""
        said = {key: value for key, value in self.cleaned_data.items() if key not in ("seen", "hours")}
        return {**said, "validity": timedelta(hours=self.cleaned_data["hours"])}


def initial_of(rule: Rule) -> dict[str, Any]:
    """Return a rule as its form shows it."""
    amounts = {
        name: "" if getattr(rule, name) is None else to_plain(getattr(rule, name))
        for name in ("at_least", "below", "day_total_from")
    }
    texts = {name: getattr(rule, name) for name in ("name", "kind", "asset", "client", "group", "people_needed")}
    return {**texts, **amounts, "hours": int(rule.validity.total_seconds()) // 3600, "seen": digest_of(rule)}


class GroupForm(forms.Form):
    """A named list of clients."""

    name = NameField(
        label=_("Name of the group"),
        error_messages={"required": _("Give the group a name.")},
    )
    clients = forms.CharField(
        label=_("Clients"),
        max_length=LONGEST_GROUP,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "dir": "ltr"}),
        help_text=_("One client id on each line."),
        error_messages={"required": _("Type at least one client id.")},
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean_clients(self) -> list[str]:
        """Return the ids as typed, without blanks and empty lines."""
        lines = (line.strip() for line in self.cleaned_data["clients"].splitlines())
        return [line for line in lines if line]


def initial_of_group(rule_set: RuleSet, name: str) -> dict[str, str]:
    """Return a group as its form shows it."""
    ids = rule_set.groups[name]
    return {"name": name, "clients": "\n".join(ids), "seen": digest_of_group(ids)}


class SeenForm(forms.Form):
    """What tells whether something was changed since it was shown."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)


class SubmitForm(FactorForm):
    """Why the rules change, for exactly the draft that was shown, with a second factor."""

    #: As the page has them, so that mistakes are listed in that order; the code comes last.
    field_order = ["note"]

    fingerprint = forms.CharField(widget=forms.HiddenInput, max_length=64)
    note = forms.CharField(
        label=_("Why the rules change"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Seen by the manager who decides, and kept with the version."),
        error_messages={"required": _("Say why, so that whoever approves understands it.")},
    )


def typed_with(data: Any, **fields: str) -> QueryDict:
    """Return what was sent with some hidden fields replaced: everything typed stays."""
    changed: QueryDict = data.copy()
    for name, value in fields.items():
        changed[name] = value
    return changed


def add_findings(form: forms.Form, findings: Sequence[Finding]) -> None:
    """Say each fault beside the box it is about, or above the form."""
    for finding in findings:
        form.add_error(finding.field if finding.field in form.fields else None, str(finding))
