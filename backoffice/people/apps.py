from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "backoffice.people"

    def ready(self) -> None:
        from backoffice.approvals.subjects import register as register_subject
        from backoffice.exports.registry import Export, register
        from backoffice.people.listing import PEOPLE
        from backoffice.people.queries import listed
        from backoffice.people.subject import AccountSubject

        register_subject(AccountSubject())
        register(Export(PEOPLE, listed))
