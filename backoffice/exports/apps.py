from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "backoffice.exports"

    def ready(self) -> None:
        from backoffice.audit.listing import ENTRIES
        from backoffice.audit.queries import entries
        from backoffice.exports.listing import EXPORTS
        from backoffice.exports.queries import exported
        from backoffice.exports.registry import Export, register

        register(Export(ENTRIES, entries, page="audit:list"))
        register(Export(EXPORTS, exported))
