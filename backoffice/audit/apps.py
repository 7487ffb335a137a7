from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backoffice.audit"
