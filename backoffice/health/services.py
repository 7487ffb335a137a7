"""Every part that must work, as a check that answers with one sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from django.core.checks import ERROR, run_checks
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.audit.queries import last_verification
from backoffice.audit.sealing.queries import sealing_state
from backoffice.database import clock
from backoffice.database.checks import look, losses, told
from backoffice.funding.freezing import freezes, halts, release_conditions
from backoffice.funding.freezing.policies import frozen_sentence
from backoffice.funding.policies import why_not_flowing
from backoffice.funding.queries import gate as gate_now
from backoffice.funding.queries import longest_in_doubt, unsettled_late_orders
from backoffice.funding.services.resolving import ALARM_AFTER
from backoffice.health.selftest import due
from backoffice.mirror.partners import bitnob, coinmena
from backoffice.mirror.queries import freshness
from backoffice.partner.errors import PartnerError
from backoffice.partner.exchange import CLOCK_SKEW_STOP, CLOCK_SKEW_WARNING
from backoffice.reconciliation.days.reading_again import why_missed
from backoffice.ui import times
from backoffice.ui.values import Text
from backoffice.worker.queries import longest_job_in_hand, oldest_job_due, put_off_too_far, workers_alive

STALE_AFTER = timedelta(minutes=15)
LONGEST_WAIT = timedelta(minutes=2)
LONGEST_JOB = timedelta(hours=1)


class Unwell(Exception):
    """A part does not work. The text is a sentence that says what to do."""


@dataclass(frozen=True)
class Check:
    """One part that must work. ``code`` is the exit code of `manage.py doctor` when this is the first to fail.

    ``believed_for`` so many seconds a good finding decides about readiness, where finding out is dear and the part
    does not go ill by itself. ``asks_a_partner``: it goes over the network, so a page asks for it apart.
    """

    name: str
    code: int
    title: Text
    examine: Callable[[], str]
    decides_readiness: bool = False
    believed_for: float = 0.0
    asks_a_partner: bool = False


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
        return Finding(check, is_well=False, sentence=_("The database did not answer: %(why)s") % {"why": trouble})


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
    return _("The settings agree with one another.")


def database_answers() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, split_part(version(), ' ', 2)")
        role, version = cursor.fetchone()
    found = losses()
    if found:
        raise Unwell(" ".join(found))
    return _("PostgreSQL %(version)s answers, as %(role)s.") % {"version": version, "role": role}


def database_is_armed() -> str:
    found = look()
    if found:
        raise Unwell(told(found))
    return _("Triggers, constraints and grants that keep history are in force.")


def coinmena_accepts() -> str:
    client = coinmena()
    client.orders(page=1, page_size=1)
    return " ".join([_("CoinMENA accepts our signature."), clock_sentence(client.clock_skew)])


def bitnob_accepts() -> str:
    client = bitnob()
    identity = client.whoami()
    client.confirm_environment()
    confirmed = _("Bitnob confirms the environment %(name)s.") % {"name": identity.environment}
    return f"{confirmed} {clock_sentence(client.clock_skew)}"


def clock_sentence(skew: float | None) -> str:
    """Say how far our clock is from the partner's; from 10 seconds on nothing may be sent."""
    if skew is None:
        return _("Its answer carried no date, so the clocks could not be compared.")
    if abs(skew) > CLOCK_SKEW_STOP:
        sentence = _("Our clock and the partner's are %(n)s s apart. Synchronise this machine's clock.")
        raise Unwell(sentence % {"n": f"{abs(skew):.0f}"})
    if abs(skew) > CLOCK_SKEW_WARNING:
        sentence = _("The clocks are %(n)s s apart: look at this machine's time service.")
        return sentence % {"n": f"{abs(skew):.1f}"}
    return _("The clocks agree.")


def worker_is_alive() -> str:
    alive = workers_alive()
    if not alive:
        raise Unwell(_("No worker is alive, so nothing is sent and no mirror is read. Start one: manage.py worker"))
    return ngettext("%(n)d worker alive.", "%(n)d workers alive.", alive) % {"n": alive}


def jobs_are_done() -> str:
    """Say whether workers keep up. A page is ready all the same while they do not."""
    now, oldest, longest = timezone.now(), oldest_job_due(), longest_job_in_hand()
    if oldest is not None and now - oldest > LONGEST_WAIT:
        sentence = _("The oldest job has waited %(span)s. Start another worker: manage.py worker")
        raise Unwell(sentence % {"span": span_since(oldest)})
    if longest is not None and now - longest > LONGEST_JOB:
        sentence = _("A worker has been at one job for %(span)s, and others may wait for it. Restart the workers.")
        raise Unwell(sentence % {"span": span_since(longest)})
    put_off = put_off_too_far()
    if put_off is not None:
        sentence = _("A job was put off for %(span)s, as by a clock that ran ahead. Restart the workers.")
        raise Unwell(sentence % {"span": span_since(now, put_off)})
    return _("No job waits or takes too long.")


def mirrors_are_fresh() -> str:
    readings = freshness()
    stale = [f"{reading.label} ({age(reading.read_at)})" for reading in readings if is_stale(reading.read_at)]
    if stale:
        sentence = _("Not read for too long: %(mirrors)s. Read them now: manage.py sync")
        raise Unwell(sentence % {"mirrors": ", ".join(stale)})
    fresh = ", ".join(f"{reading.label} {age(reading.read_at)}" for reading in readings)
    return _("Mirrors: %(mirrors)s.") % {"mirrors": fresh}


def is_stale(read_at: datetime | None) -> bool:
    return read_at is None or timezone.now() - read_at > STALE_AFTER


def span_since(at: datetime, now: datetime | None = None) -> str:
    """Write how long ago a moment is, as every page does."""
    return times.age(((now or timezone.now()) - at).total_seconds())


def age(read_at: datetime | None) -> str:
    return _("never read") if read_at is None else _("read %(span)s ago") % {"span": span_since(read_at)}


def syncs_add_up() -> str:
    broken = [reading for reading in freshness() if reading.is_troubled]
    if broken:
        raise Unwell(" ".join(f"{reading.label}: {reading.sentence}" for reading in broken))
    if missed := why_missed(clock.now()):
        raise Unwell(missed)
    return _("The last reading of every mirror is complete.")


def doubt_is_short() -> str:
    now = clock.now()
    longest = longest_in_doubt(now)
    if longest is None:
        return _("No operation is in doubt.")
    oldest, since = longest
    if now - since >= ALARM_AFTER:
        sentence = _("%(reference)s has been in doubt for %(span)s. Look at its page.")
        raise Unwell(sentence % {"reference": oldest.reference, "span": span_since(since, now)})
    return _("%(reference)s is in doubt, and is being looked up.") % {"reference": oldest.reference}


def ends_are_uncontradicted() -> str:
    late = unsettled_late_orders().first()
    if late is None:
        return _("No order speaks against how an operation ended.")
    sentence = _(
        "Order %(order)s speaks against how %(reference)s ended (%(state)s). "
        "A manager settles it on the page of the operation."
    )
    about = late.operation
    raise Unwell(sentence % {"order": late.order_id, "reference": about.reference, "state": about.state})


def money_flows() -> str:
    """A halt and the lock of a restore are ill; a freeze is what a manager wanted, and is only told."""
    gate, frozen = gate_now(), list(freezes.in_force())
    if gate.halted_at is not None:
        told = {"why": halts.why_of(gate), "what": halts.what_to_do_about(gate)}
        raise Unwell(_("Sending is halted. %(why)s %(what)s Then resume on /freeze/.") % told)
    for lock in (freeze for freeze in frozen if freeze.backup_at):
        missing = release_conditions.why_not_released(lock)
        way_on = " ".join([missing, _("Run `manage.py after_restore`.")]) if missing else _("Two people release it.")
        see = _("See %(page)s.") % {"page": f"/freeze/{lock.pk}/"}
        raise Unwell(f"{frozen_sentence(lock)} {way_on} {see}")
    if frozen:
        return " ".join([*map(frozen_sentence, frozen), _("See %(page)s.") % {"page": "/freeze/"}])
    return why_not_flowing(gate, clock.now()) or _("Money flows: nothing is frozen, halted or paused.")


def log_is_sealed() -> str:
    """A log without its head, one that nobody seals, a seal that is late or is not copied, and seals that are not what
    was written."""
    state = sealing_state()
    if state.unsealed is None:
        raise Unwell(" ".join([_("The head of the log is missing."), _("Run `manage.py verify_audit`.")]))
    if not state.is_on:
        raise Unwell(_("The audit log is not sealed: set AUDIT_SEAL_KEY and AUDIT_SEAL_DIRECTORY."))
    if state.troubled_by:
        raise Unwell(f"{state.troubled_by} {_('See %(page)s.') % {'page': '/audit/verify/'}}")
    if state.newest is None or state.is_late:
        look = _("Look whether a worker runs, and what the audit log says of seals.")
        raise Unwell(f"{since_sentence(state.newest.at if state.newest else None)} {look}")
    if state.uncopied:
        sentence = _("Seals that are not in the second place: %(n)s. Look whether it is mounted and has room.")
        raise Unwell(sentence % {"n": state.uncopied_text})
    told = {"entry": f"{state.newest.entry:,}", "span": span_since(state.newest.at), "n": f"{state.unsealed:,}"}
    sentence = ngettext(
        "Sealed to entry %(entry)s %(span)s ago; %(n)s entry since.",
        "Sealed to entry %(entry)s %(span)s ago; %(n)s entries since.",
        state.unsealed,
    )
    return sentence % told


def log_was_found_whole() -> str:
    """A log that was found broken when it was last verified; that nobody has verified it is no fault of a part."""
    verified = last_verification()
    if verified is None:
        return _("Nobody has verified this log yet.")
    said = verified.after or {}
    if not said.get("intact"):
        raise Unwell(f"{said.get('sentence', '')} {_('See %(page)s.') % {'page': '/audit/verify/'}}")
    return str(said.get("sentence", ""))


def since_sentence(sealed_at: datetime | None) -> str:
    if sealed_at is None:
        return _("Nothing was ever sealed.")
    return _("Nothing was sealed for %(span)s.") % {"span": span_since(sealed_at)}


def controls_hold() -> str:
    """Controls that let something through, and controls that nobody has tried for too long."""
    last = due.last_self_test()
    if last is None:
        raise Unwell(_("The controls were never tried. A worker does it every night; /health/ does it now."))
    if not last.passed:
        raise Unwell(_("Not every control held when they were last tried. See /health/."))
    if clock.now() - last.at > due.LATE_AFTER:
        sentence = _("The controls were last tried %(span)s ago. Look whether a worker runs at night.")
        raise Unwell(sentence % {"span": span_since(last.at)})
    return _("Every control held when they were tried %(span)s ago.") % {"span": span_since(last.at)}


CHECKS = [
    Check("settings", 10, gettext_lazy("Settings"), settings_agree),
    Check("database", 11, gettext_lazy("Database"), database_answers, decides_readiness=True),
    Check(
        "triggers",
        12,
        gettext_lazy("Guards of the database"),
        database_is_armed,
        decides_readiness=True,
        believed_for=60.0,
    ),
    Check("coinmena", 13, gettext_lazy("CoinMENA"), coinmena_accepts, asks_a_partner=True),
    Check("bitnob", 14, gettext_lazy("Bitnob"), bitnob_accepts, asks_a_partner=True),
    Check("worker", 15, gettext_lazy("Workers"), worker_is_alive, decides_readiness=True),
    Check("mirrors", 16, gettext_lazy("Age of the mirrors"), mirrors_are_fresh),
    Check("syncs", 17, gettext_lazy("Readings"), syncs_add_up),
    Check("doubt", 18, gettext_lazy("Doubt"), doubt_is_short),
    Check("ends", 19, gettext_lazy("Ends of operations"), ends_are_uncontradicted),
    Check("sending", 20, gettext_lazy("Sending"), money_flows),
    Check("seals", 21, gettext_lazy("Seals"), log_is_sealed),
    Check("controls", 22, gettext_lazy("Controls"), controls_hold),
    Check("log", 23, gettext_lazy("Log verified"), log_was_found_whole),
    Check("jobs", 24, gettext_lazy("Jobs"), jobs_are_done),
]
