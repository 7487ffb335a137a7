"""Every refusal of somebody who is signed in is an entry of the audit log."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.services import record

LONGEST_ADDRESS = 500
#: The one refusal that no view raises.
FORM_NOT_OURS = "The form was older than the session, or came from another site."


class RefusalsMiddleware:
    """Write down each 403 with its reason. Strangers are not written down: they could flood the log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 403 and isinstance(request.user, Person):
            self.write_down(request, request.user)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if isinstance(exception, PermissionDenied):
            request.refusal = str(exception)  # type: ignore[attr-defined]

    def write_down(self, request: HttpRequest, person: Person) -> None:
        """Record the refusal, once the view's own transaction is over."""
        record(
            "access.refused",
            by=person,
            after={"method": request.method, "page": request.get_full_path()[:LONGEST_ADDRESS]},
            reason=getattr(request, "refusal", FORM_NOT_OURS),
            result=Entry.Result.REFUSED,
        )
