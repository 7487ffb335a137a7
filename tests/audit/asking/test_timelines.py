"""Every page of one object shows what the log says about it, newest first."""

import pytest
from django.template.loader import get_template
from django.urls import resolve

from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Request
from backoffice.audit.addresses import PAGES
from backoffice.audit.queries import history_of_identity
from backoffice.audit.services import record
from backoffice.clients.models import Asset, Client
from backoffice.exports.models import ExportJob
from backoffice.reconciliation.models import RunJob
from tests.funding.cast import withdrawal
from tests.funding.conftest import noura, usd  # noqa: F401 - fixtures
from tests.security.addresses import ADDRESSES
from tests.security.pages import Site, site_of_a_day, text_of

SAID = "From the audit log, newest first"
#: Pages the log leads to that are of no single object.
OF_MANY = {"approvals:absences", "freezing:page"}
#: Objects of which the site has none; their templates are looked at instead.
ELSEWHERE = {
    "people:change": "people/change.html",
    "rules:version": "rules/version.html",
    "reconciliation:job": "reconciliation/running/job.html",
    "exports:file": "exports/file.html",
    "people:detail": "people/detail.html",
    "reconciliation:exception": "reconciliation/exceptions/detail.html",
    "reconciliation:ledger_file": "reconciliation/ledger/file.html",
}


def name_of(page: str) -> str:
    sample = "00000000-0000-0000-0000-000000000001" if "transactions" in page else "2026-11-19"
    return resolve(page.format(sample if "days" in page or "transactions" in page else "7")).view_name


NAMES = sorted({name_of(page) for page in PAGES.values()} - OF_MANY | {"reconciliation:job", "exports:file"})


@pytest.fixture
def site(db: None) -> Site:
    return site_of_a_day()


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_template_of_one_object_includes_its_history(name: str) -> None:
    source = get_template(ELSEWHERE[name]).template.source  # type: ignore[attr-defined]
    assert name in NAMES and 'include "audit/history.html"' in source


def test_every_page_of_one_object_says_what_the_log_says(site: Site) -> None:
    for name in sorted(set(NAMES) - set(ELSEWHERE)):
        address = ADDRESSES[name]
        browser = next(site.openers(address))
        assert SAID in text_of(browser.ask("GET", site.path(address))), name


def test_a_request_shows_its_own_entries_and_those_of_what_it_decides_on(
    db: None,
    maya: Person,
    omar: Person,
    noura: Client,  # noqa: F811
    usd: Asset,  # noqa: F811
) -> None:
    operation = withdrawal(maya, noura, usd)
    refused = record("approval.refused", by=maya, obj=Request.objects.get())
    assert omar.role == Role.MANAGER
    assert [entry.event for entry in history_of_identity(operation.reference)] == [refused.event, "operation.requested"]


@pytest.mark.parametrize("model", [ExportJob, RunJob])
def test_what_is_written_about_a_job_is_found_by_its_own_row(db: None, maya: Person, model: type) -> None:
    entry = record("export.asked", by=maya, obj=model(pk=7))
    assert (entry.object_type, entry.object_id) == (model.__name__.lower(), "7")
