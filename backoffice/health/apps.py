from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "backoffice.health"

    def ready(self) -> None:
        from backoffice import checks  # noqa: F401  (registers the checks of the settings)
