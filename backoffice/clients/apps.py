from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "backoffice.clients"

    def ready(self) -> None:
        from backoffice.approvals.ruling import directory
        from backoffice.clients import queries
        from backoffice.clients.directory import ClientDirectory
        from backoffice.clients.services import sync_assets, sync_clients
        from backoffice.clients.views import CLIENTS
        from backoffice.exports import registry as exports
        from backoffice.mirror import registry as mirrors
        from backoffice.mirror.models import Mirror

        mirrors.register(Mirror.CLIENTS, sync_clients)
        mirrors.register(Mirror.ASSETS, sync_assets)
        directory.register(ClientDirectory())
        exports.register(exports.Export(CLIENTS, queries.listed))
