"""How runs and verdicts look; the first page reads it too (docs/adr/0006)."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.reconciliation.models import PENDING, Run, Verdict
from backoffice.ui.values import Badge, Meaning


def run_badge(run: Run) -> Badge:
    """How a run came out."""
    if run.exceptions_count:
        text = ngettext("%(n)s exception", "%(n)s exceptions", run.exceptions_count) % {
            "n": f"{run.exceptions_count:,}"
        }
        return Badge(text, Meaning.NEGATIVE)
    if run.pending_count:
        return Badge(_("Not all decided"), Meaning.WARNING)
    if not run.is_complete:
        return Badge(_("Matched so far"), Meaning.INFO)
    return Badge(_("All matched"), Meaning.POSITIVE, calm=True)


def verdict_badge(verdict: str) -> Badge:
    """A verdict by its meaning."""
    known = Verdict(verdict)
    if known == Verdict.MATCHED:
        return Badge(known.label, Meaning.POSITIVE, calm=True)
    return Badge(known.label, Meaning.INFO if known in PENDING else Meaning.NEGATIVE)
