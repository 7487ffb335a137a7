"""No page stands beside ours: no administration site, no page of a library that writes (security.md S8)."""

from inspect import unwrap
from typing import Any

import pytest
from django.apps import apps
from django.urls import NoReverseMatch, reverse

from backoffice.accounts.models import Person
from tests.security.addresses import ADDRESSES

#: Addresses of the libraries that must not exist here.
ELSEWHERE = (
    *("admin:index", "account_signup", "account_email", "account_set_password", "account_reset_password"),
    *("account_reauthenticate", "mfa_index", "mfa_deactivate_totp", "socialaccount_connections", "password_reset"),
    *("account_change_password", "account_inactive", "socialaccount_signup"),
)


def test_s8_every_view_is_one_of_ours() -> None:
    modules = {name: module_of(address.pattern.callback) for name, address in ADDRESSES.items()}
    assert {name: module for name, module in modules.items() if not module.startswith("backoffice.")} == {}


def module_of(view: Any) -> str:
    """Where a view is written: a class of ours where Django made a function of it."""
    inner = unwrap(view, stop=lambda one: hasattr(one, "view_class"))
    return str(getattr(inner, "view_class", inner).__module__)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_s8_no_page_of_a_library_has_an_address(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_s8_the_administration_site_is_not_installed() -> None:
    assert not apps.is_installed("django.contrib.admin")


@pytest.mark.parametrize("name", ["is_staff", "is_superuser", "has_perm", "groups", "user_permissions"])
def test_s8_nobody_is_more_than_their_role(name: str) -> None:
    assert not hasattr(Person, name)
