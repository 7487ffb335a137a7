from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backoffice.audit"

    def ready(self) -> None:
        from backoffice.audit import processes, receivers, receivers_factors  # noqa: F401
        from backoffice.audit.sealing import watching
        from backoffice.worker import starting

        starting.register("seals", watching.watch_or_tell)
        starting.register("log", lambda: processes.began(processes.WORKER))
        starting.register_end("log", lambda: processes.ended(processes.WORKER))
