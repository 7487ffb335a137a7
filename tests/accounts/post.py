"""The mail of a test: what was handed to the workers is written, and lands in Django's outbox."""

import re
from typing import Any

from django.core import mail as outbox
from django.core.mail import EmailMessage
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts import mail
from backoffice.accounts.passwords import asking

WRITERS: dict[str, Any] = {mail.DELIVER: mail.deliver, asking.ANSWER: asking.answer}


def handed_over() -> list[tuple[str, dict[str, Any]]]:
    """List the jobs that wait for a worker, oldest first, as task and arguments."""
    jobs = ProcrastinateJob.objects.filter(queue_name=mail.QUEUE).order_by("id")
    return [(job.task_name, job.args) for job in jobs]


def written() -> list[EmailMessage]:
    """Do the work of a worker, and return every mail written by it."""
    outbox.outbox.clear()
    for task, arguments in handed_over():
        WRITERS[task](**arguments)
    return list(outbox.outbox)


def link_in(message: EmailMessage) -> str:
    """Return the link a mail holds, as a path on this site."""
    found = re.search(r"^http://127\.0\.0\.1:8000(/\S+)$", str(message.body), re.MULTILINE)
    assert found, message.body
    return found[1]
