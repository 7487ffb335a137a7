from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backoffice.audit"

    def ready(self) -> None:
        from backoffice.audit import receivers, receivers_factors  # noqa: F401
        from backoffice.audit.sealing import watching
        from backoffice.worker import starting

        starting.register("seals", watching.watch_or_tell)
