"""What the page of changes shows, as display values."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.reconciliation.comparing.titles import title_of
from backoffice.reconciliation.models import Run
from backoffice.reconciliation.pages import crumbs
from backoffice.reconciliation.running.changes import changes_between, counts_of, runs_before
from backoffice.ui.values import Crumb

#: So many earlier runs are offered to compare with.
OFFERED = 8


def changes_context(run: Run, since: str | None) -> dict[str, Any]:
    """Everything the page draws: what changed since the run asked for, or the one before; and which are offered."""
    earlier = list(runs_before(run)[:OFFERED])
    before = next((one for one in earlier if str(one.pk) == since), earlier[0] if earlier else None)
    return {
        "run": run,
        "before": before,
        "earlier": earlier,
        "title": _("What changed in %(window)s") % {"window": title_of(run)},
        "crumbs": crumbs_of(run),
        "changes": changes_between(before, run) if before else None,
        "counts": counts_of(before, run) if before else [],
    }


def crumbs_of(run: Run) -> list[Crumb]:
    here = Crumb(_("Run %(n)s") % {"n": run.pk}, reverse("reconciliation:run", args=[run.pk]))
    return crumbs(here, Crumb(_("Changes")))
