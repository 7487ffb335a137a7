from django.urls import path

from backoffice.exports import views, views_bundles, views_files, views_proving, views_schedules

app_name = "exports"
urlpatterns = [
    path("", views.exports, name="list"),
    path("export/", views.export, name="export"),
    path("audit/", views.audit_log, name="audit"),
    path("verify/", views_proving.verify, name="verify"),
    path("bundle/", views_bundles.bundle, name="bundle"),
    path("schedules/", views_schedules.schedules, name="schedules"),
    path("schedules/new/", views_schedules.new_schedule, name="new_schedule"),
    path("schedules/<int:schedule_id>/", views_schedules.schedule, name="schedule"),
    path("schedules/<int:schedule_id>/marker/", views_schedules.schedule_marker, name="schedule_marker"),
    path("schedules/<int:schedule_id>/pause/", views_schedules.pause, name="pause_schedule"),
    path("schedules/<int:schedule_id>/resume/", views_schedules.resume, name="resume_schedule"),
    path("schedules/<int:schedule_id>/end/", views_schedules.end, name="end_schedule"),
    path("files/", views_files.files, name="files"),
    path("files/marker/", views_files.files_marker, name="files_marker"),
    path("files/<int:job_id>/", views_files.file, name="file"),
    path("files/<int:job_id>/marker/", views_files.marker, name="file_marker"),
    path("files/<int:job_id>/cancel/", views_files.cancel, name="cancel_file"),
    path("files/<int:job_id>/download/", views_files.download, name="download"),
]
