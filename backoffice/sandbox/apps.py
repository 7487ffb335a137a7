from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Installed in development and the demo only, for its management command."""

    name = "backoffice.sandbox"
