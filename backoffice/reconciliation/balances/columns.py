"""The columns of the proofs of balances, on the screen and in the file."""

from operator import attrgetter

from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.reconciliation.balances.queries import DIFFERS, EVEN, EXPLAINED, outcome_of
from backoffice.reconciliation.models import BalanceProof
from backoffice.ui import values
from backoffice.ui.columns import Column, Columns, Kind, OnPhone

OUTCOMES = ((EVEN, _("Comes out even")), (EXPLAINED, _("Explained by exceptions")), (DIFFERS, _("Differs")))
MEANINGS = {
    EVEN: values.Meaning.POSITIVE,
    EXPLAINED: values.Meaning.WARNING,
    DIFFERS: values.Meaning.NEGATIVE,
}


def badge_of(proof: BalanceProof) -> values.Badge:
    """How a proof came out."""
    outcome = outcome_of(proof)
    return values.Badge(dict(OUTCOMES)[outcome], MEANINGS[outcome], calm=outcome == EVEN)


def amount(name: str) -> object:
    return lambda proof: values.Amount(getattr(proof, name), proof.asset)


def orders_in_words(proof: BalanceProof) -> str:
    """How many orders were added up, and since when."""
    orders = ngettext("%(n)s order", "%(n)s orders", proof.orders_count) % {"n": f"{proof.orders_count:,}"}
    return orders if proof.opened_at else gettext("%(orders)s, all there are") % {"orders": orders}


PROOFS = Columns(
    Column(
        key="client",
        label=_("Client"),
        sort="client",
        value=lambda proof: values.Named(proof.client_name or proof.client, proof.client),
        url=lambda proof: reverse("clients:detail", args=[proof.client]),
        export="client",
        export_value=attrgetter("client"),
    ),
    Column(key="asset", label=_("Asset"), value=attrgetter("asset"), export="asset", on_phone=OnPhone.HIDE),
    Column(
        key="opening",
        label=_("Opening"),
        kind=Kind.MONEY,
        value=amount("opening"),  # type: ignore[arg-type]
        export="opening",
        export_value=attrgetter("opening"),
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="opened_at",
        label=_("Opened"),
        kind=Kind.TIME,
        value=attrgetter("opened_at"),
        export="opened_at",
        screen=False,
    ),
    Column(
        key="effects",
        label=_("Orders"),
        kind=Kind.MONEY,
        value=lambda proof: values.Lines(values.Amount(proof.effects, proof.asset), orders_in_words(proof)),
        export="effects",
        export_value=attrgetter("effects"),
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="orders_count",
        label=_("Orders counted"),
        kind=Kind.NUMBER,
        value=attrgetter("orders_count"),
        export="orders_count",
        screen=False,
    ),
    Column(
        key="expected",
        label=_("Should be"),
        kind=Kind.MONEY,
        value=amount("expected"),  # type: ignore[arg-type]
        export="expected",
        export_value=attrgetter("expected"),
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="live",
        label=_("CoinMENA says"),
        kind=Kind.MONEY,
        value=lambda proof: values.Lines(values.Amount(proof.live, proof.asset), values.Age(proof.live_at)),
        export="live",
        export_value=attrgetter("live"),
        on_phone=OnPhone.LABEL,
    ),
    Column(key="live_at", label=_("Read"), kind=Kind.TIME, value=attrgetter("live_at"), export="live_at", screen=False),
    Column(
        key="difference",
        label=_("Difference"),
        kind=Kind.MONEY,
        value=lambda proof: values.Amount(proof.difference, proof.asset, quiet=not proof.difference, difference=True),
        export="difference",
        export_value=attrgetter("difference"),
        on_phone=OnPhone.LABEL,
    ),
    Column(
        key="explained",
        label=_("Explained"),
        kind=Kind.MONEY,
        value=attrgetter("explained"),
        export="explained",
        screen=False,
    ),
    Column(key="outcome", label=_("Outcome"), kind=Kind.BADGE, value=badge_of, sort="outcome"),
)
