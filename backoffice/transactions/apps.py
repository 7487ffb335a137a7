from django.apps import AppConfig


class TransactionsConfig(AppConfig):
    name = "backoffice.transactions"

    def ready(self) -> None:
        from backoffice.exports import registry as exports
        from backoffice.mirror import registry as mirrors
        from backoffice.mirror.models import Mirror
        from backoffice.transactions import queries
        from backoffice.transactions.services import sync_balances, sync_transactions
        from backoffice.transactions.views import TRANSACTIONS

        mirrors.register(Mirror.TRANSACTIONS, sync_transactions)
        mirrors.register(Mirror.BITNOB_BALANCES, sync_balances)
        exports.register(exports.Export(TRANSACTIONS, queries.listed, exports.Sums("amount", "currency")))
