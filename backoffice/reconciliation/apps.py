from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "backoffice.reconciliation"

    def ready(self) -> None:
        from backoffice.approvals import subjects
        from backoffice.funding.closing import linked
        from backoffice.funding.freezing import release_conditions
        from backoffice.reconciliation import reports, restoring
        from backoffice.reconciliation.balances import feed as balances
        from backoffice.reconciliation.bitnob import feed as bitnob
        from backoffice.reconciliation.days.subject import ReopeningSubject
        from backoffice.reconciliation.exceptions import feeds, telling, telling_proofs
        from backoffice.reconciliation.exceptions import pages as exception_pages
        from backoffice.reconciliation.exceptions.queries import linked_to
        from backoffice.reconciliation.exceptions.subject import ResolutionSubject
        from backoffice.reconciliation.models import Source
        from backoffice.reconciliation.packs.panel import operation_panel
        from backoffice.ui import panels

        feeds.register(Source.BALANCES, balances.FEED)
        feeds.register(Source.TRANSACTIONS, bitnob.FEED)
        telling.register(Source.TRANSACTIONS, telling_proofs.a_transaction)
        telling.register(Source.BALANCES, telling_proofs.a_balance)
        subjects.register(ReopeningSubject())
        subjects.register(ResolutionSubject())
        release_conditions.register("orders read", restoring.orders_read)
        release_conditions.register("orders reconciled", restoring.orders_reconciled)
        linked.register("exceptions", linked_to)
        reports.register()
        panel = "reconciliation/exceptions/panel.html"
        panels.register("client", panels.Panel(order=15, template=panel, context=exception_pages.client_panel))
        panels.register("operation", panels.Panel(order=10, template=panel, context=exception_pages.operation_panel))
        pack = "reconciliation/packs/panel.html"
        panels.register("operation", panels.Panel(order=90, template=pack, context=operation_panel))
