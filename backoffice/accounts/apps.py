from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class AccountsConfig(AppConfig):
    name = "backoffice.accounts"

    def ready(self) -> None:
        user_logged_in.connect(begin_session, dispatch_uid="begin_session")


def begin_session(request: Any, user: Any, **_kwargs: Any) -> None:
    """Note in a fresh session when and in which role it began."""
    from backoffice.accounts.sessions import begin

    begin(request, user)
