"""How the sign-in library behaves here: nobody signs up by themselves (security.md §1)."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are invited; addresses come from the connection itself."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
