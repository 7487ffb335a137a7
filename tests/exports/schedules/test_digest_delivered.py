"""What a delivery says of a file is what the log said when it was built, whatever its row says since."""

import pytest
from django.core import mail

from backoffice.audit.models import Entry
from backoffice.exports.models import ExportJob
from backoffice.exports.schedules.beginning import begin_due
from backoffice.exports.schedules.delivering import deliver_built
from tests.exports.schedules.conftest import Schedules, built

pytestmark = pytest.mark.usefixtures("folder", "db")


def test_the_letter_and_its_entry_say_the_digest_that_the_log_has(scheduled: Schedules) -> None:
    schedule = scheduled()
    begin_due()
    job = schedule.runs.get().job
    assert job is not None
    issued = built(job).sha256
    ExportJob.objects.filter(pk=job.pk).update(sha256="f" * 64)
    deliver_built()
    (letter,) = mail.outbox
    assert issued in letter.body
    assert "f" * 64 not in letter.body
    assert (Entry.objects.get(event="schedule.delivered").after or {})["sha256"] == issued
