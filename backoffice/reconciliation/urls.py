from django.urls import path

from backoffice.reconciliation.views import runs as views

app_name = "reconciliation"
urlpatterns = [
    path("", views.runs, name="runs"),
    path("export/", views.export_runs, name="export_runs"),
    path("new/", views.new, name="new"),
    path("<int:run_id>/", views.run, name="run"),
    path("<int:run_id>/export/", views.export, name="export"),
]
