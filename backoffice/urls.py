"""Every address of the product, app by app (DESIGN.md §11)."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from backoffice.health import views as health
from backoffice.ui import reports

handler400 = "backoffice.ui.errors.bad_request"
handler403 = "backoffice.ui.errors.permission_denied"
handler404 = "backoffice.ui.errors.page_not_found"
handler500 = "backoffice.ui.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("backoffice.dashboard.urls")),
    path("accounts/", include("backoffice.accounts.urls")),
    path("approvals/", include("backoffice.approvals.urls")),
    path("audit/who-funded-what/", include("backoffice.funding.urls_audit")),
    path("audit/", include("backoffice.audit.urls")),
    path("clients/", include("backoffice.clients.urls")),
    path("display/", include("backoffice.ui.display_urls")),
    path("exports/", include("backoffice.exports.urls")),
    path("freeze/", include("backoffice.funding.urls_freeze")),
    path("funding/", include("backoffice.funding.urls")),
    path("health/", include("backoffice.health.urls")),
    path("orders/", include("backoffice.orders.urls")),
    path("people/", include("backoffice.people.urls")),
    path("reconciliation/", include("backoffice.reconciliation.urls")),
    path("rules/", include("backoffice.approvals.ruling.urls")),
    path("transactions/", include("backoffice.transactions.urls")),
    path("policy-report/", reports.policy_report, name="policy_report"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
if settings.DEBUG or settings.DEMO:
    urlpatterns.append(path("gallery/", include("backoffice.ui.urls")))
