from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "backoffice.reconciliation"

    def ready(self) -> None:
        from backoffice.approvals import subjects
        from backoffice.exports import registry as exports
        from backoffice.funding.freezing import release_conditions
        from backoffice.reconciliation import queries, restoring
        from backoffice.reconciliation.days.subject import ReopeningSubject
        from backoffice.reconciliation.ledger import queries as ledgers
        from backoffice.reconciliation.views.ledger import LEDGER_ENTRIES
        from backoffice.reconciliation.views.runs import ALL_RUNS

        subjects.register(ReopeningSubject())
        release_conditions.register("orders read", restoring.orders_read)
        release_conditions.register("orders reconciled", restoring.orders_reconciled)
        exports.register(exports.Export(ALL_RUNS, queries.runs))
        exports.register(exports.Export(LEDGER_ENTRIES, ledgers.entries))
