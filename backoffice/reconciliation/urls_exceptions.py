from django.urls import path

from backoffice.reconciliation.views import exception_sheets, exceptions

urlpatterns = [
    path("", exceptions.exceptions, name="exceptions"),
    path("export/", exceptions.export, name="export_exceptions"),
    path("sheet/", exceptions.sheet, name="exception_sheet"),
    path("upload/", exception_sheets.upload, name="upload_exceptions"),
    path("apply/", exception_sheets.apply, name="apply_exceptions"),
    path("work/", exceptions.work, name="work_exceptions"),
    path("worked/", exceptions.worked, name="worked_exceptions"),
    path("<int:item_id>/", exceptions.exception, name="exception"),
]
