"""How the sign-in library behaves here (security.md §1, S18): no sign-up, one answer for whoever may not come in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.context import address_of, is_from_this_machine
from backoffice.accounts.models import Person
from backoffice.accounts.public_password import PUBLIC_PASSWORD
from backoffice.accounts.signals import sign_in_blocked

PAUSE_SECONDS = 30 * 60


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are invited; failed tries are counted in the database, so that every process counts the same."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _("Too many tries. Wait 30 minutes, then try again, or ask an administrator."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Whether an address may be led on to: one of this site. The library's own check falls over ``http://[``."""
        request = context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_login_stages(self) -> list[str]:
        """One stage, whichever way somebody comes: the second factor. The library's own know remembered devices."""
        return ["backoffice.accounts.factors.door.FactorStage"]

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Name the count of an account's failures by the account alone.

        The library names it by the host as well, with whatever port a browser says: each would be a count of its own.
        """
        return str(credentials.get("email", "")).lower()

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Person | None:
        """Find the person the credentials belong to; a closed account is answered like an unknown one."""
        person: Person | None = super().authenticate(request, **credentials)
        return person if person is not None and person.is_active else None

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse a try after too many failed ones, per address and per account, and the demo's password elsewhere.

        :raises ValidationError: with the same sentence for known and unknown people.
        """
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            self.tell_once(request, credentials.get("email", ""))
            raise
        self.refuse_public_password(request, **credentials)

    def refuse_public_password(self, request: HttpRequest, **credentials: Any) -> None:
        """Keep the demo's sign-ins to a demo and to its own machine (DESIGN.md §11).

        :raises ValidationError: with a sentence that says so.
        """
        is_theirs = settings.DEMO and is_from_this_machine(request)
        if credentials.get("password") == PUBLIC_PASSWORD and not is_theirs:
            user_login_failed.send(sender=type(self), credentials={"email": credentials.get("email", "")})
            raise ValidationError(_("The demo's sign-ins work in the demo only, on the machine it runs on."))

    def tell_once(self, request: HttpRequest, email: str) -> None:
        """Send `sign_in_blocked` once per pause and account, so that guessing cannot flood the log."""
        key = f"sign-in-blocked:{self._get_login_attempts_cache_key(request, email=email)}"
        if cache.add(key, True, timeout=PAUSE_SECONDS):
            sign_in_blocked.send(sender=type(self), email=email)
