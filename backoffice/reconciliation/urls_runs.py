from django.urls import path

from backoffice.reconciliation.views import jobs, runs

urlpatterns = [
    path("", runs.runs, name="runs"),
    path("export/", runs.export_runs, name="export_runs"),
    path("new/", runs.new, name="new"),
    path("asked/<int:job_id>/", jobs.job, name="job"),
    path("asked/<int:job_id>/marker/", jobs.marker, name="job_marker"),
    path("<int:run_id>/", runs.run, name="run"),
    path("<int:run_id>/changes/", runs.changes, name="changes"),
    path("<int:run_id>/export/", runs.export, name="export"),
]
