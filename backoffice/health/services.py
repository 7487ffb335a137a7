"""Every part that must work, as a check that answers with one sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from django.core.checks import ERROR, run_checks
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.timesince import timesince

from backoffice.audit.sealing.queries import sealing_state
from backoffice.database import clock
from backoffice.database.checks import faults, losses
from backoffice.funding.freezing import freezes, halts, release_conditions
from backoffice.funding.freezing.policies import frozen_sentence
from backoffice.funding.policies import why_not_flowing
from backoffice.funding.queries import gate as gate_now
from backoffice.funding.queries import longest_in_doubt, unsettled_late_orders
from backoffice.funding.services.resolving import ALARM_AFTER
from backoffice.mirror.models import SyncRun
from backoffice.mirror.partners import bitnob, coinmena
from backoffice.mirror.queries import freshness
from backoffice.partner.coinmena.client import CLOCK_SKEW_STOP, CLOCK_SKEW_WARNING
from backoffice.partner.errors import PartnerError
from backoffice.worker.queries import oldest_job_due, workers_alive

STALE_AFTER = timedelta(minutes=15)


class Unwell(Exception):
    """A part does not work. The text is a sentence that says what to do."""


@dataclass(frozen=True)
class Check:
    """One part that must work. ``code`` is the exit code of `manage.py doctor` when this is the first to fail.

    ``believed_for`` so many seconds a good finding decides about readiness, where finding out is dear and the part
    does not go ill by itself.
    """

    name: str
    code: int
    examine: Callable[[], str]
    decides_readiness: bool = False
    believed_for: float = 0.0


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: Check
    is_well: bool
    sentence: str


def examine(check: Check) -> Finding:
    """Run one check; whatever is wrong becomes its sentence."""
    try:
        return Finding(check, is_well=True, sentence=check.examine())
    except (Unwell, PartnerError) as trouble:
        return Finding(check, is_well=False, sentence=str(trouble))
    except DatabaseError as trouble:
        return Finding(check, is_well=False, sentence=f"The database did not answer: {trouble}")


_well_until: dict[str, float] = {}


def is_ready(check: Check) -> bool:
    """Tell whether a part lets this process work; every monitor asks for it, every few seconds."""
    if clock.monotonic() < _well_until.get(check.name, -inf):
        return True
    is_well = examine(check).is_well
    if is_well:
        _well_until[check.name] = clock.monotonic() + check.believed_for
    return is_well


def settings_agree() -> str:
    errors = [message for message in run_checks() if message.level >= ERROR]
    if errors:
        raise Unwell(" ".join(f"{error.msg} {error.hint or ''}".strip() for error in errors))
    return "The settings agree with one another."


def database_answers() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, split_part(version(), ' ', 2)")
        role, version = cursor.fetchone()
    found = losses()
    if found:
        raise Unwell(" ".join(found))
    return f"PostgreSQL {version} answers, as {role}."


def database_is_armed() -> str:
    found = faults()
    if found:
        raise Unwell(" ".join([*found, "Run `manage.py migrate` as the owner of the database."]))
    return "Triggers, constraints and grants that keep history are in force."


def coinmena_accepts() -> str:
    client = coinmena()
    client.orders(page=1, page_size=1)
    return f"CoinMENA accepts our signature. {clock_sentence(client.clock_skew)}"


def bitnob_accepts() -> str:
    client = bitnob()
    identity = client.whoami()
    client.confirm_environment()
    return f"Bitnob confirms the environment {identity.environment}. {clock_sentence(client.clock_skew)}"


def clock_sentence(skew: float | None) -> str:
    """Say how far our clock is from the partner's; from 10 seconds on nothing may be sent."""
    if skew is None:
        return "Its answer carried no date, so the clocks could not be compared."
    if abs(skew) > CLOCK_SKEW_STOP:
        raise Unwell(f"Our clock and the partner's are {abs(skew):.0f} s apart. Synchronise this machine's clock.")
    if abs(skew) > CLOCK_SKEW_WARNING:
        return f"The clocks are {abs(skew):.1f} s apart: look at this machine's time service."
    return "The clocks agree."


def worker_is_alive() -> str:
    alive, oldest = workers_alive(), oldest_job_due()
    if not alive:
        raise Unwell("No worker is alive, so nothing is sent and no mirror is read. Start one: manage.py worker")
    if oldest is not None and timezone.now() - oldest > timedelta(minutes=2):
        raise Unwell(f"The oldest job has waited {timesince(oldest)}. Start another worker: manage.py worker")
    return f"{alive} worker{'s' if alive > 1 else ''} alive; nothing waits too long."


def mirrors_are_fresh() -> str:
    readings = freshness()
    stale = [f"{reading.label} ({age(reading.read_at)})" for reading in readings if is_stale(reading.read_at)]
    if stale:
        raise Unwell(f"Not read for too long: {', '.join(stale)}. Read them now: manage.py sync")
    return "Mirrors: " + ", ".join(f"{reading.label} {age(reading.read_at)}" for reading in readings) + "."


def is_stale(read_at: datetime | None) -> bool:
    return read_at is None or timezone.now() - read_at > STALE_AFTER


def age(read_at: datetime | None) -> str:
    return "never read" if read_at is None else f"read {timesince(read_at)} ago"


def syncs_add_up() -> str:
    latest = SyncRun.objects.order_by("mirror", "-started_at").distinct("mirror")
    broken = [run for run in latest if run.state in (SyncRun.State.FAILED, SyncRun.State.PARTIAL)]
    if broken:
        raise Unwell(" ".join(f"{run.get_mirror_display()}: {run.sentence}" for run in broken))
    return "The last reading of every mirror is complete."


def doubt_is_short() -> str:
    oldest = longest_in_doubt()
    if oldest is None or oldest.in_doubt_since is None:
        return "No operation is in doubt."
    if timezone.now() - oldest.in_doubt_since >= ALARM_AFTER:
        raise Unwell(f"{oldest.reference} has been in doubt for {timesince(oldest.in_doubt_since)}. Look at its page.")
    return f"{oldest.reference} is in doubt, and is being looked up."


def ends_are_uncontradicted() -> str:
    late = unsettled_late_orders().first()
    if late is None:
        return "No order speaks against how an operation ended."
    sentence = f"Order {late.order_id} speaks against how {late.operation.reference} ended ({late.operation.state})."
    raise Unwell(f"{sentence} A manager settles it on the page of the operation.")


def money_flows() -> str:
    """A halt and the lock of a restore are ill; a freeze is what a manager wanted, and is only told."""
    gate, frozen = gate_now(), list(freezes.in_force())
    if gate.halted_at is not None:
        raise Unwell(f"Sending is halted. {halts.why_of(gate)} {halts.what_to_do_about(gate)} Then resume on /freeze/.")
    for lock in (freeze for freeze in frozen if freeze.backup_at):
        missing = release_conditions.why_not_released(lock)
        way_on = f"{missing} Run `manage.py after_restore`." if missing else "Two people release it."
        raise Unwell(f"{frozen_sentence(lock)} {way_on} See /freeze/{lock.pk}/.")
    if frozen:
        return " ".join([*map(frozen_sentence, frozen), "See /freeze/."])
    return why_not_flowing(gate, clock.now()) or "Money flows: nothing is frozen, halted or paused."


def log_is_sealed() -> str:
    """A log that nobody seals, a seal that is late or is not copied, and seals that are not what was written."""
    state = sealing_state()
    if not state.is_on:
        raise Unwell("The audit log is not sealed: set AUDIT_SEAL_KEY and AUDIT_SEAL_DIRECTORY.")
    if state.troubled_by:
        raise Unwell(f"{state.troubled_by} See /audit/verify/.")
    if state.newest is None or state.is_late:
        since = f"Nothing was sealed for {timesince(state.newest.at)}." if state.newest else "Nothing was ever sealed."
        raise Unwell(f"{since} Look whether a worker runs, and what the audit log says of seals.")
    if state.uncopied:
        raise Unwell(
            f"Seals that are not in the second place: {state.uncopied}. Look whether it is mounted and has room."
        )
    return f"Sealed to entry {state.newest.entry:,} {timesince(state.newest.at)} ago; {state.unsealed:,} entries since."


CHECKS = [
    Check("settings", 10, settings_agree),
    Check("database", 11, database_answers, decides_readiness=True),
    Check("triggers", 12, database_is_armed, decides_readiness=True, believed_for=60.0),
    Check("coinmena", 13, coinmena_accepts),
    Check("bitnob", 14, bitnob_accepts),
    Check("worker", 15, worker_is_alive, decides_readiness=True),
    Check("mirrors", 16, mirrors_are_fresh),
    Check("syncs", 17, syncs_add_up),
    Check("doubt", 18, doubt_is_short),
    Check("ends", 19, ends_are_uncontradicted),
    Check("sending", 20, money_flows),
    Check("seals", 21, log_is_sealed),
]
