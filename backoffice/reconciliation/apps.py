from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "backoffice.reconciliation"

    def ready(self) -> None:
        from backoffice.exports import registry as exports
        from backoffice.funding.freezing import release_conditions
        from backoffice.reconciliation import queries, restoring
        from backoffice.reconciliation.views.runs import ALL_RUNS

        release_conditions.register("orders read", restoring.orders_read)
        release_conditions.register("orders reconciled", restoring.orders_reconciled)
        exports.register(exports.Export(ALL_RUNS, queries.runs))
