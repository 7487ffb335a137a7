"""A form takes the fields it has and no other, whatever else is posted with it (security.md S6)."""

from pathlib import Path

import pytest

from backoffice.accounts.models import Person
from backoffice.approvals.models import Decision, Request
from backoffice.funding.models import Operation
from tests.security.browsers import undone
from tests.security.hostile.targets import fields_of
from tests.security.pages import Site, text_of

pytestmark = pytest.mark.usefixtures("nobody_waits")
ROOT = Path(__file__).resolve().parents[2] / "backoffice"
FORGED = {
    "state": "approved",
    "approved_by": "1",
    "requested_by": "1",
    "reference": "dep-2026-forged01",
    "role": "administrator",
    "is_staff": "true",
    "is_superuser": "true",
    "is_active": "true",
    "password": "forged",
    "fingerprint": "0" * 64,
    "result": "done",
    "form-TOTAL_FORMS": "2",
    "form-INITIAL_FORMS": "1",
    "form-0-id": "1",
    "form-0-DELETE": "on",
    "_selected_action": "1",
}


def standing() -> dict[str, object]:
    """Who may what, and what was decided: nothing of it is ever written by a field of a form."""
    return {
        "people": list(Person.objects.order_by("pk").values_list("pk", "role", "is_active", "password", "email")),
        "decisions": Decision.objects.count(),
        "requests": list(Request.objects.order_by("pk").values_list("pk", "state", "requested_by_id", "fingerprint")),
        "operations": list(Operation.objects.order_by("pk").values_list("pk", "state", "amount", "requested_by_id")),
    }


def test_s6_forged_fields_change_nothing(site: Site) -> None:
    before, changed = standing(), []
    for address, browser in site.pages("POST"):
        with undone():
            browser.ask("POST", site.path(address), FORGED)
            changed += [] if standing() == before else [address.name]
    assert sorted(set(changed) - OWN_ACTS) == []


#: Acts that need no field at all, and that this very person may do: they change what they are there to change.
OWN_ACTS = {"approvals:cancel", "funding:cancel"}


def test_s6_forged_fields_beside_the_true_ones_are_ignored(site: Site) -> None:
    """Every form of every page, as the page gives it, once more with everything forged: nobody gains anything."""
    gained = []
    for address, browser in site.pages("GET"):
        fields = dict(fields_of(text_of(browser.ask("GET", site.path(address)))))
        with undone():
            people = standing()["people"]
            browser.ask("POST", site.path(address), {**FORGED, **fields})
            gained += [] if standing()["people"] == people else [address.name]
    assert gained == []


def test_s6_no_form_is_made_of_a_table() -> None:
    """A form names its fields; none is derived from a model, whose new columns would be open at once."""
    made = [path for path in ROOT.rglob("*.py") if "ModelForm" in path.read_text() or "modelform" in path.read_text()]
    assert made == []
