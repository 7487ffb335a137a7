from django.urls import path

from backoffice.exports import views, views_bundles, views_files, views_proving

app_name = "exports"
urlpatterns = [
    path("", views.exports, name="list"),
    path("export/", views.export, name="export"),
    path("audit/", views.audit_log, name="audit"),
    path("verify/", views_proving.verify, name="verify"),
    path("bundle/", views_bundles.bundle, name="bundle"),
    path("files/", views_files.files, name="files"),
    path("files/<int:job_id>/", views_files.file, name="file"),
    path("files/<int:job_id>/marker/", views_files.marker, name="file_marker"),
    path("files/<int:job_id>/cancel/", views_files.cancel, name="cancel_file"),
    path("files/<int:job_id>/download/", views_files.download, name="download"),
]
