from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "backoffice.reconciliation"

    def ready(self) -> None:
        from backoffice.exports import registry as exports
        from backoffice.reconciliation import queries
        from backoffice.reconciliation.views import ALL_RUNS

        exports.register(exports.Export(ALL_RUNS, queries.runs))
