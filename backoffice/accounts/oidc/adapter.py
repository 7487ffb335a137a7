"""How the library's client speaks to the identity provider."""

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class CompanyAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Speaks to the configured address and to no other: no redirect is followed, no proxy of the environment used."""

    def get_requests_session(self) -> Any:
        session = super().get_requests_session()
        session.trust_env = False
        session.max_redirects = 0
        return session
