"""What would happen, before anything does: read from the mirror, and afresh from the partner when asked.

Writes nothing.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from backoffice.approvals import matching
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding import queries
from backoffice.funding.bulk.queries import row_of
from backoffice.funding.checks import Balance, Facts, short
from backoffice.funding.equal import Wanted, equal_requests
from backoffice.funding.freezing.policies import why_frozen, why_not_here
from backoffice.funding.models import Kind, Operation
from backoffice.funding.policies import why_not_flowing, why_not_known_yet
from backoffice.funding.services import balances
from backoffice.funding.services.creating import rule_facts
from backoffice.funding.services.intents import body_for, digest_of
from backoffice.funding.states import State
from backoffice.mirror.partners import coinmena
from backoffice.ui.values import Wire


def facts_of(operation: Operation, *, is_fresh: bool) -> Facts:
    """Return what is known about an operation that waits."""
    client, asset, row = operation.client, operation.asset, row_of(operation)
    wanted = Wanted(
        client,
        asset,
        operation.kind,
        operation.amount,
        chain=queries.ids_of_chain(operation),
        file_id=row.file_id if row else None,
        asked_at=operation.requested_at if operation.is_awaiting_approval else None,
    )
    balance = (balances.fresh_balance if is_fresh else balances.mirrored_balance)(client, operation.asset_id)
    now = clock.now()
    return Facts(
        kind=operation.kind,
        now=now,
        client=client,
        asset=asset,
        amount=operation.amount,
        balance=balance,
        reserved=queries.reserved(client, operation.asset_id, excluding=operation),
        equal=tuple(equal_requests(wanted, now)),
        in_doubt=tuple(queries.in_doubt_of(client)),
        waiting=operation,
        not_known_yet=why_not_known_yet() if operation.is_awaiting_approval else "",
        **_obstacles(operation.kind, operation.client_id, operation.asset_id, now),
    )


def wire_of(operation: Operation) -> Wire:
    """Return the exact request, as it will be or was sent."""
    body = body_for(operation)
    path = "/v1/partner/deposits" if operation.kind == Kind.DEPOSIT else "/v1/partner/withdrawals"
    when = _("By a worker, within seconds of the last approval.\nEverything is checked again just before sending.")
    return Wire(
        summary=_("Exact request, %(n)d bytes") % {"n": len(body)},
        asked=f"POST {path}\n\n{body.decode()}",
        answered=when if operation.state in (State.PENDING_APPROVAL, State.APPROVED) else _("See the timeline."),
        note=_("digest %(digest)s, fingerprint %(fingerprint)s")
        % {"digest": short(digest_of(body)), "fingerprint": short(operation.fingerprint)},
    )


def typed_facts(
    *,
    kind: str,
    client: Client | None,
    asset: Asset | None,
    amount: Decimal | None,
    amount_fault: str,
    original: Operation | None = None,
    carried: str = "",
    is_fresh: bool = False,
) -> Facts:
    """Return what is known about an operation that is being typed.

    :param original: the ended operation it copies or tries again.
    :param carried: the sealed reading of the balance that the page holds.
    :param is_fresh: whether the balance is read from CoinMENA now.
    """
    now = clock.now()
    facts = Facts(
        kind=kind,
        now=now,
        client=client,
        asset=asset,
        amount=amount,
        amount_fault=amount_fault,
        original=original,
        not_known_yet=why_not_known_yet(),
        in_doubt=tuple(queries.in_doubt_of(client)) if client else (),
        **_obstacles(kind, client.pk if client else None, asset.asset_id if asset else None, now),
    )
    if client is None or asset is None:
        return facts
    balance = _balance(client, asset.asset_id, carried, now, is_fresh=is_fresh)
    return replace(
        facts,
        now=clock.now(),
        balance=balance,
        reserved=queries.reserved(client, asset.asset_id),
        equal=tuple(equal_requests(_typed(client, asset, kind, amount, original), now)) if amount is not None else (),
    )


def _typed(client: Client, asset: Asset, kind: str, amount: Decimal, original: Operation | None) -> Wanted:
    return Wanted(client, asset, kind, amount, chain=queries.ids_of_chain(original) if original else ())


def _balance(client: Client, asset_id: str, carried: str, now: datetime, *, is_fresh: bool) -> Balance:
    if is_fresh:
        return balances.fresh_balance(client, asset_id)
    return balances.carried_balance(carried, client, asset_id, now) or balances.mirrored_balance(client, asset_id)


def _obstacles(kind: str, client_id: int | None, asset_id: str | None, now: datetime) -> dict[str, Any]:
    """Say what would hold such an operation back after it was asked for."""
    gate = queries.gate()
    elsewhere = why_not_here(gate, coinmena().environment) if gate.environment else ""
    return {
        "frozen": why_frozen(kind, client_id, asset_id),
        "not_flowing": why_not_flowing(gate, now) or elsewhere,
    }


def reading_to_carry(facts: Facts) -> str:
    """Return the balance for the page to carry, sealed; empty where a new reading is due."""
    if facts.client is None or facts.asset is None or is_reading_due(facts):
        return ""
    return balances.sealed(facts.balance, facts.client, facts.asset.asset_id)


def is_reading_due(facts: Facts) -> bool:
    """Tell whether the page should ask CoinMENA for the balance, which it does apart so that nothing waits for it."""
    is_known = facts.client is not None and facts.asset is not None
    return is_known and not balances.is_fresh_enough(facts.balance, facts.now)


def facts_for_rules(facts: Facts) -> matching.Facts:
    """Return what the rules look at; what is not typed yet matches no rule that names it."""
    if facts.client is None or facts.asset is None or facts.amount is None:
        return matching.Facts(kind=facts.kind)
    return rule_facts(facts.kind, facts.client, facts.asset, facts.amount, facts.now)
