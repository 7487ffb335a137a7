"""Is this process alive, and is the product ready to work? For load balancers and monitors; no sign-in, no details."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backoffice.audit.sealing.queries import sealing_state
from backoffice.health.services import CHECKS, is_ready


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process can answer at all."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, triggers and worker are well, 503 naming those that are not; and say how far the audit
    log is sealed, which an alarm may be set on."""
    ill = [check.name for check in CHECKS if check.decides_readiness and not is_ready(check)]
    said = {"ready": not ill, "ill": ill, "seals": {} if "database" in ill else seals()}
    return JsonResponse(said, status=503 if ill else 200)


def seals() -> dict[str, int | None]:
    """Return how many entries no seal covers yet, and how many seconds old the newest seal is."""
    state = sealing_state()
    return {
        "unsealed_entries": state.unsealed,
        "age_seconds": int(state.age.total_seconds()) if state.age is not None else None,
    }
