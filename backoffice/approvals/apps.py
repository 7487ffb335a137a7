from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "backoffice.approvals"

    def ready(self) -> None:
        from backoffice.approvals.ruling.subject import RulesSubject
        from backoffice.approvals.subjects import register

        register(RulesSubject())
