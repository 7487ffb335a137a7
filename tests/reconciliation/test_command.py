"""`manage.py reconcile`: the same service, a small table, and an exit code a schedule can act on."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from backoffice.mirror.models import Mirror, SyncRun
from backoffice.reconciliation.models import Run
from tests.reconciliation import rows
from tests.reconciliation.rows import READ, Ours, Theirs

pytestmark = pytest.mark.django_db

WINDOW = ("--from", "2026-11-18", "--to", "2026-11-19")


@pytest.fixture
def read() -> None:
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=READ, finished_at=READ, read_to=READ
    )


def test_it_prints_a_table_and_ends_well_when_everything_matched(read: None) -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1"))
    out = StringIO()
    call_command("reconcile", *WINDOW, stdout=out)
    assert "complete" in out.getvalue()
    assert "matched                        1" in out.getvalue()
    assert "difference               0.00" in out.getvalue()


def test_a_day_begins_at_midnight_of_the_company(read: None) -> None:
    call_command("reconcile", *WINDOW, stdout=StringIO())
    run = Run.objects.get()
    assert (run.window_from.hour, run.window_to - run.window_from) == (21, timedelta(days=1))


def test_an_exception_ends_it_with_one(read: None) -> None:
    rows.order(Theirs(reference=None))
    with pytest.raises(CommandError, match="not everything matched") as refusal:
        call_command("reconcile", *WINDOW, stdout=StringIO())
    assert refusal.value.returncode == 1


def test_what_could_not_be_read_ends_it_with_one() -> None:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("reconcile", *WINDOW, stdout=out)
    assert "INCOMPLETE" in out.getvalue()


def test_it_takes_one_client(read: None) -> None:
    rows.client("user_1")
    rows.order(Theirs(reference=None, client="user_2"))
    call_command("reconcile", *WINDOW, "--client", "user_1", stdout=StringIO())
    assert Run.objects.get().counts == {}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "yesterday", "--to", "2026-11-19"), "is not a day or a moment"),
        (("--from", "2026-11-18T00:00:00", "--to", "2026-11-19"), "has no offset"),
        (("--from", "2026-11-19", "--to", "2026-11-18"), "must end after it begins"),
        (("--from", "2099-11-19", "--to", "2099-11-20"), "has not begun yet"),
        ((*WINDOW, "--client", "nobody"), "There is no client nobody"),
    ],
)
def test_it_says_what_is_wrong(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("reconcile", *arguments, stdout=StringIO())
    assert not Run.objects.exists()
