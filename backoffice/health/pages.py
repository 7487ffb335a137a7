"""What the health page shows: every part that must work, the mirrors, the log, the controls."""

from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.models import Person
from backoffice.accounts.policies import has_role
from backoffice.audit.models import Entry
from backoffice.audit.queries import last_verification
from backoffice.audit.sealing.queries import SealingState, sealing_state
from backoffice.health import policies
from backoffice.health.models import SelfTest
from backoffice.health.selftest import words
from backoffice.health.selftest.due import last_self_test
from backoffice.health.selftest.trials import Verdict
from backoffice.health.services import CHECKS, Finding, examine
from backoffice.mirror.queries import Freshness, freshness
from backoffice.ui.values import Age, Badge, Check, CheckResult, Fact, Figure, Lines, Link, Meaning
from backoffice.worker.queries import workers_alive

#: How many runs of the self-test the page lists.
RUNS_SHOWN = 10


def health_context(person: Person, *, asking: bool = False) -> dict[str, Any]:
    """Examine every part, and show what was found.

    :param asking: whether the partners are asked as well, which goes over the network.
    """
    findings = [examine(check) for check in CHECKS if not check.asks_a_partner]
    answers = [examine(check) for check in CHECKS if check.asks_a_partner and asking]
    verified = last_verification()
    checks = {finding.check.name: check_of(finding) for finding in findings}
    if verified is None:  # no fault of a part, and nothing to be pleased about
        checks["log"] = replace(checks["log"], result=CheckResult.WAITING)
    return {
        "badge": badge_of([*findings, *answers]),
        "figures": figures(verified),
        "checks": list(checks.values()),
        "answers": [check_of(finding) for finding in answers],
        "mirrors": [fact_of(reading) for reading in freshness()],
        "can_try": has_role(person, *policies.TRIERS),
        **self_test_context(last_self_test()),
    }


def badge_of(findings: list[Finding]) -> Badge:
    ill = sum(not finding.is_well for finding in findings)
    if not ill:
        return Badge(_("Well"), Meaning.POSITIVE, calm=True)
    return Badge(ngettext("%(n)d part is ill", "%(n)d parts are ill", ill) % {"n": ill}, Meaning.NEGATIVE)


def check_of(finding: Finding) -> Check:
    result = CheckResult.PASSED if finding.is_well else CheckResult.FAILED
    return Check(finding.check.title, result, why=finding.sentence)


def fact_of(reading: Freshness) -> Fact:
    """When a mirror was last read in full; and what its newest reading says, where that one did not come to its end."""
    age = Age(reading.read_at)
    return Fact(reading.label, Lines(age, reading.sentence) if reading.is_troubled or not reading.state else age)


# Figures --------------------------------------------------------------------------------------------------------------


def figures(verified: Entry | None) -> list[Figure]:
    alive, seals = workers_alive(), sealing_state()
    return [
        Figure(_("Workers alive"), alive, note=_("Gave a sign of life in the last 20 s"), tone="" if alive else "bad"),
        Figure(
            _("Newest seal"),
            Age(seals.newest.at) if seals.newest else _("None"),
            note=seal_note(seals),
            url=reverse("audit:verify"),
        ),
        unsealed_figure(seals),
        verification_figure(verified),
        self_test_figure(last_self_test()),
    ]


def unsealed_figure(seals: SealingState) -> Figure:
    if seals.unsealed is None:
        return Figure(_("Entries since"), _("Unknown"), note=_("The head of the log is missing."), tone="bad")
    return Figure(_("Entries since"), seals.unsealed, note=_("Not covered by a seal yet"))


def seal_note(seals: SealingState) -> str:
    if seals.newest is None:
        return _("The log is not sealed")
    return _("Seal %(seal)s, to entry %(entry)s") % {"seal": str(seals.newest), "entry": f"{seals.newest.entry:,}"}


def verification_figure(verified: Entry | None) -> Figure:
    if verified is None:
        return Figure(_("Log verified"), _("Never"), note=_("Nobody has verified it yet"), url=reverse("audit:verify"))
    if not (verified.after or {}).get("intact"):  # how long ago that was looks well however bad it was
        return Figure(_("Log verified"), _("Found broken"), tone="bad", url=reverse("audit:verify"))
    return Figure(_("Log verified"), Age(verified.at), note=_("Found intact"), url=reverse("audit:verify"))


def self_test_figure(last: SelfTest | None) -> Figure:
    if last is None:
        return Figure(_("Controls tried"), _("Never"), note=_("A worker does it every night"))
    note = _("Every control held") if last.passed else _("Not every control held")
    return Figure(_("Controls tried"), Age(last.at), note=note, tone="" if last.passed else "bad", url="#controls")


# The self-test --------------------------------------------------------------------------------------------------------


def self_test_context(last: SelfTest | None) -> dict[str, Any]:
    runs = SelfTest.objects.order_by("-at", "-pk")[:RUNS_SHOWN]
    return {
        "last": last,
        "controls": [control_of(found) for found in last.findings] if last else [],
        "runs": [Fact(run.who, Lines(verdict_badge(run), Age(run.at))) for run in runs],
        "log_link": Link(_("In the audit log"), f"{reverse('audit:list')}?event=selftest.passed&event=selftest.failed"),
    }


def verdict_badge(run: SelfTest) -> Badge:
    return Badge(_("Held"), Meaning.POSITIVE, calm=True) if run.passed else Badge(_("Did not hold"), Meaning.NEGATIVE)


def control_of(found: dict[str, Any]) -> Check:
    """One control: how it came out, what was tried, and which trial did not end as it must."""
    verdict = Verdict(found["verdict"])
    return Check(
        words.CONTROLS.get(found["control"], found["control"]),
        words.RESULTS[verdict],
        why=_(found["why"]) if found["why"] else trials_sentence(found["trials"]),
        got=words.VERDICTS[verdict],
    )


def trials_sentence(trials: list[dict[str, str]]) -> str:
    """Name the trials: those that did not end as they must alone, where there are any."""
    wrong = [trial for trial in trials if trial["verdict"] != Verdict.HELD]
    if not wrong:
        return _("Tried and stopped: %(trials)s.") % {
            "trials": "; ".join(words.trial_of(one["trial"]) for one in trials)
        }
    told = "; ".join(f"{words.trial_of(one['trial'])}: {words.guard_of(one['stopped_by'])}" for one in wrong)
    return _("Not stopped as it must be: %(trials)s.") % {"trials": told}
