from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backoffice.audit"

    def ready(self) -> None:
        from backoffice.audit import receivers, receivers_factors  # noqa: F401
