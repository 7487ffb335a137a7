import os
import subprocess
import sys
import threading
from typing import Any

import pytest
from django.db import connections

from backoffice.mirror import runs
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.queries import freshness
from backoffice.partner.errors import PartnerUnavailable

State = SyncRun.State


def partner_fails() -> None:
    raise PartnerUnavailable("CoinMENA did not answer.")


def test_it_begins_a_run_and_ends_it(committed: str) -> None:
    with runs.one_run(Mirror.CLIENTS) as run:
        runs.advance(run, {"page": 1}, pages=1, read=100, changed=7)
        runs.finish(run, State.COMPLETE, "100 rows read.")

    kept = SyncRun.objects.get()
    assert (kept.state, kept.pages, kept.rows_read, kept.rows_changed) == (State.COMPLETE, 1, 100, 7)
    assert kept.checkpoint == {}
    assert kept.finished_at is not None


def test_it_lets_only_one_process_read_a_mirror(committed: str) -> None:
    refused = list[str]()

    def second() -> None:
        try:
            with runs.one_run(Mirror.CLIENTS):
                refused.append("both ran")
        except runs.AlreadyRunning as error:
            refused.append(str(error))
        finally:
            connections.close_all()

    with runs.one_run(Mirror.CLIENTS):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()

    assert refused == ["CoinMENA clients are being read right now."]


def test_it_lets_different_mirrors_be_read_at_the_same_time(committed: str) -> None:
    with runs.one_run(Mirror.CLIENTS), runs.one_run(Mirror.ASSETS):
        assert SyncRun.objects.filter(state=State.RUNNING).count() == 2


DYING = """
import os, django
django.setup()
from backoffice.mirror import runs
from backoffice.mirror.models import Mirror
with runs.one_run(Mirror.CLIENTS) as run:
    runs.advance(run, {"page": 3}, pages=3, read=300)
    os._exit(9)
"""


def test_it_takes_up_the_run_of_a_process_that_died(committed: str) -> None:
    die_in_another_process(DYING)

    with runs.one_run(Mirror.CLIENTS) as run:
        assert (run.checkpoint, run.pages, run.rows_read) == ({"page": 3}, 3, 300)

    assert SyncRun.objects.count() == 1


def die_in_another_process(script: str) -> None:
    settings = connections["default"].settings_dict
    url = f"postgres://{settings['USER']}@/{settings['HOST']}/{settings['NAME']}"
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, **environment}, check=False)
    assert done.returncode == 9


def test_it_goes_on_in_a_new_run_from_where_a_partner_failed(committed: str) -> None:
    with runs.one_run(Mirror.ORDERS) as run:
        runs.advance(run, {"page": 3}, pages=3, read=300)
        partner_fails()

    with runs.one_run(Mirror.ORDERS) as following:
        assert following.pk != run.pk
        assert following.checkpoint == {"page": 3}


@pytest.mark.parametrize(
    ("pages", "state", "sentence"),
    [
        (0, State.FAILED, "CoinMENA did not answer."),
        (3, State.PARTIAL, "CoinMENA did not answer. 300 rows were read; the next run goes on from there."),
    ],
)
def test_it_says_how_far_it_came_when_a_partner_fails(committed: str, pages: int, state: State, sentence: str) -> None:
    with runs.one_run(Mirror.ORDERS) as run:
        runs.advance(run, {}, pages=pages, read=pages * 100)
        partner_fails()

    run.refresh_from_db()
    assert (run.state, run.sentence) == (state, sentence)


def test_it_ends_a_run_that_broke_off_by_our_own_fault_and_raises(committed: str) -> None:
    with pytest.raises(ZeroDivisionError), runs.one_run(Mirror.ORDERS):
        raise ZeroDivisionError

    assert SyncRun.objects.get().state == State.FAILED


def test_it_starts_afresh_after_a_complete_run(committed: str) -> None:
    with runs.one_run(Mirror.ORDERS) as run:
        runs.advance(run, {"page": 3})
        runs.finish(run, State.COMPLETE, "")

    with runs.one_run(Mirror.ORDERS) as following:
        assert following.checkpoint == {}


def test_it_tells_the_age_of_every_mirror_in_one_query(committed: str, django_assert_num_queries: Any) -> None:
    with runs.one_run(Mirror.CLIENTS) as complete:
        runs.finish(complete, State.COMPLETE, "2 rows read, 0 new or changed.")
    with runs.one_run(Mirror.CLIENTS):
        partner_fails()

    with django_assert_num_queries(1):
        found = {one.mirror: one for one in freshness()}

    assert list(found) == list(Mirror)
    assert (found[Mirror.CLIENTS].read_at, found[Mirror.CLIENTS].state) == (complete.started_at, State.FAILED)
    assert found[Mirror.CLIENTS].sentence == "CoinMENA did not answer."
    assert (found[Mirror.ORDERS].read_at, found[Mirror.ORDERS].sentence) == (None, "Not read yet.")
