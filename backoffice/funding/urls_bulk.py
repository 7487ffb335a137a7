"""The addresses of bulk files, below ``/funding/bulk/``."""

from django.urls import path

from backoffice.funding.views import bulk, bulk_upload

urlpatterns = [
    path("", bulk.files, name="bulk"),
    path("upload/", bulk_upload.upload, name="bulk_upload"),
    path("template/", bulk_upload.template, name="bulk_template"),
    path("rows/", bulk.rows, name="bulk_rows"),
    path("rows/export/", bulk.export, name="bulk_export"),
    path("<int:file_id>/", bulk.file, name="bulk_file"),
    path("<int:file_id>/marker/", bulk.marker, name="bulk_marker"),
    path("<int:file_id>/confirm/", bulk.confirm, name="bulk_confirm"),
    path("<int:file_id>/discard/", bulk.discard, name="bulk_discard"),
]
