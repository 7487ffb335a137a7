from django.apps import AppConfig


class WorkerConfig(AppConfig):
    name = "backoffice.worker"

    def ready(self) -> None:
        """Put our deferrer in the library's place before any worker starts."""
        from backoffice.worker.deferring import install

        install()
