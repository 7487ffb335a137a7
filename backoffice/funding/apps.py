from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "backoffice.funding"

    def ready(self) -> None:
        from backoffice.approvals.subjects import register
        from backoffice.funding.services.deciding import OperationSubject

        register(OperationSubject())
