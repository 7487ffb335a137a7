from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "backoffice.funding"

    def ready(self) -> None:
        from backoffice.approvals.listing import REQUESTS
        from backoffice.approvals.queries import with_nobodys_lanes
        from backoffice.approvals.ruling import past
        from backoffice.approvals.subjects import register
        from backoffice.audit.sealing import behind
        from backoffice.clients.balances import register_reservations
        from backoffice.exports import registry as exports
        from backoffice.funding import pages, queries, who_funded
        from backoffice.funding.bulk.queries import rows as bulk_rows
        from backoffice.funding.bulk.subject import FileSubject
        from backoffice.funding.closing.subject import ClosingSubject
        from backoffice.funding.freezing.release_subject import ReleaseSubject
        from backoffice.funding.past import PastOperations
        from backoffice.funding.services.brakes import is_of_our_payments
        from backoffice.funding.services.freezing import freeze_behind_the_seals
        from backoffice.funding.services.servers import keep_to_server
        from backoffice.funding.subject import OperationSubject
        from backoffice.funding.views.bulk import BULK_ROWS
        from backoffice.funding.views.lists import OPERATIONS, requests_for
        from backoffice.funding.views.who_funded import WHO_FUNDED
        from backoffice.mirror.partners import keep_books
        from backoffice.ui import panels
        from backoffice.worker import starting

        register(OperationSubject())
        register(ReleaseSubject())
        register(ClosingSubject())
        past.register("operations", PastOperations())
        register(FileSubject())
        behind.register("funding", freeze_behind_the_seals)
        starting.register("server", keep_to_server)
        keep_books(is_of_our_payments)
        register_reservations(queries.reserved_by_asset)
        sums = exports.Sums("amount", "asset")
        exports.register(exports.Export(OPERATIONS, queries.with_approvers, sums))
        exports.register(exports.Export(WHO_FUNDED, who_funded.completed, sums, page="who_funded:page"))
        exports.register(exports.Export(BULK_ROWS, bulk_rows, sums, page="funding:bulk_rows"))
        exports.register(exports.Export(REQUESTS, with_nobodys_lanes, sums, requests_for, page="approvals:list"))
        panels.register(
            "client", panels.Panel(order=20, template="funding/panel_client.html", context=pages.client_panel)
        )
        panels.register(
            "client",
            panels.Panel(order=10, template="funding/note_client.html", context=pages.pending_note, is_note=True),
        )
