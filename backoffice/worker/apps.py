from django.apps import AppConfig


class WorkerConfig(AppConfig):
    name = "backoffice.worker"

    def ready(self) -> None:
        """Put our deferrer in the library's place before any worker starts, and have each look for what lies ahead.

        It looks as it starts too: the job that looks later may itself be put off.
        """
        from backoffice.worker import ahead, starting
        from backoffice.worker.deferring import install

        install()
        starting.register("jobs_put_off_too_far", ahead.set_right)
