from django.urls import path

from backoffice.reconciliation.views import balances, bitnob

urlpatterns = [
    path("balances/", balances.balances, name="balances"),
    path("balances/<int:proofs_id>/", balances.balances_run, name="balances_run"),
    path("balances/export/", balances.export_balances, name="export_balances"),
    path("balances/prove/", balances.prove_balances, name="prove_balances"),
    path("balances/read/", balances.read_balances, name="read_balances"),
    path("bitnob/", bitnob.bitnob, name="bitnob"),
    path("bitnob/<int:check_id>/", bitnob.bitnob_run, name="bitnob_run"),
    path("bitnob/export/", bitnob.export_bitnob, name="export_bitnob"),
    path("bitnob/check/", bitnob.check_bitnob, name="check_bitnob"),
]
