from django.urls import include, path

app_name = "reconciliation"
urlpatterns = [
    path("", include("backoffice.reconciliation.urls_days")),
    path("", include("backoffice.reconciliation.urls_ledger")),
    path("", include("backoffice.reconciliation.urls_proofs")),
    path("", include("backoffice.reconciliation.urls_pictures")),
    path("", include("backoffice.reconciliation.urls_packs")),
    path("exceptions/", include("backoffice.reconciliation.urls_exceptions")),
    path("runs/", include("backoffice.reconciliation.urls_runs")),
]
