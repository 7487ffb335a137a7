from django.urls import path

from backoffice.reconciliation.views import ledger, ledger_upload

urlpatterns = [
    path("ledgers/", ledger.ledgers, name="ledgers"),
    path("ledgers/new/", ledger_upload.new_ledger, name="new_ledger"),
    path("ledgers/<int:source_id>/columns/", ledger_upload.ledger_columns, name="ledger_columns"),
    path("ledgers/<int:source_id>/upload/", ledger_upload.ledger_upload, name="ledger_upload"),
    path("ledgers/files/<int:ledger_file_id>/", ledger.ledger_file, name="ledger_file"),
    path("ledgers/files/<int:ledger_file_id>/accept/", ledger.accept_ledger_file, name="accept_ledger_file"),
    path("ledgers/files/<int:ledger_file_id>/discard/", ledger.discard_ledger_file, name="discard_ledger_file"),
    path("ledgers/files/<int:ledger_file_id>/withdraw/", ledger.withdraw_ledger_file, name="withdraw_ledger_file"),
    path("ledgers/entries/", ledger.ledger_entries, name="ledger_entries"),
    path("ledgers/entries/export/", ledger.export_ledger_entries, name="export_ledger_entries"),
]
