from django.urls import include, path

app_name = "reconciliation"
urlpatterns = [
    path("", include("backoffice.reconciliation.urls_ledger")),
    path("runs/", include("backoffice.reconciliation.urls_runs")),
]
