"""What browsers report of our own policy: something on a page was blocked (security.md S11, ASVS 3.4.7).

Anybody can post here, so a report is words of a stranger: bounded, one line each, never stored, and no more than some a
minute, so that nobody can fill the logs.
"""

from __future__ import annotations

import json
from typing import Any, Final

import structlog
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

log = structlog.get_logger(__name__)

LARGEST_REPORT: Final = 16 * 1024
LONGEST_WORD: Final = 200
MOST_A_MINUTE: Final = 30
#: What says where to look; `script-sample` and the referrer could hold what was on the page.
TOLD: Final = ("effective-directive", "violated-directive", "blocked-uri", "document-uri", "line-number", "source-file")


@csrf_exempt
@require_POST
def policy_report(request: HttpRequest) -> HttpResponse:
    """Write a browser's report to the logs; the answer never says whether."""
    said = report_of(request)
    if said and is_heard():
        log.warning("policy_report", **said)
    return HttpResponse(status=204)


def report_of(request: HttpRequest) -> dict[str, str]:
    """What a report says, in words that can do no harm; nothing when it is none."""
    try:
        if int(request.headers.get("Content-Length") or 0) > LARGEST_REPORT:
            return {}
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    told = body.get("csp-report") if isinstance(body, dict) else None
    if not isinstance(told, dict):
        return {}
    return {name.replace("-", "_"): word_of(told[name]) for name in TOLD if name in told}


def word_of(value: Any) -> str:
    """A stranger's word without its query, which may name what somebody searched for."""
    return str(value).partition("?")[0][:LONGEST_WORD]


def is_heard() -> bool:
    """Whether this report is among the first of its minute, over all processes, give or take a few."""
    key = f"policy-reports:{timezone.now():%H%M}"
    before: int = cache.get(key, 0)
    cache.set(key, before + 1, timeout=60)
    return before < MOST_A_MINUTE
