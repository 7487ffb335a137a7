from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "backoffice.orders"

    def ready(self) -> None:
        from backoffice.exports import registry as exports
        from backoffice.mirror import registry as mirrors
        from backoffice.mirror.models import Mirror
        from backoffice.orders import queries
        from backoffice.orders.pages import client_panel
        from backoffice.orders.services import sync_orders
        from backoffice.orders.views import ORDERS
        from backoffice.ui import panels

        mirrors.register(Mirror.ORDERS, sync_orders)
        sums = exports.Sums("summed_amount", "effect_asset_id")
        exports.register(exports.Export(ORDERS, queries.listed, sums))
        panels.register("client", panels.Panel(order=30, template="orders/panel_client.html", context=client_panel))
