"""What would happen, before anything does: read from the mirror, and afresh from the partner when asked.

Writes nothing.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.approvals.queries import people_who_can_decide
from backoffice.approvals.rules import rule_for
from backoffice.clients.models import Asset, BalanceReading, Client
from backoffice.database import clock
from backoffice.funding import queries
from backoffice.funding.checks import Balance, Facts
from backoffice.funding.models import Kind, Operation
from backoffice.funding.policies import why_not_flowing
from backoffice.funding.policies_freezing import why_frozen
from backoffice.funding.services.intents import body_for, digest_of
from backoffice.funding.states import State
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, coinmena
from backoffice.partner.errors import PartnerError
from backoffice.ui.values import Wire


def mirrored_balance(client: Client, asset_id: str) -> Balance:
    """Return the newest balance that was read, however old it is."""
    reading = BalanceReading.objects.filter(client=client, asset_id=asset_id).first()
    return Balance(reading.available_balance, reading.read_at) if reading else Balance()


def fresh_balance(client: Client, asset_id: str) -> Balance:
    """Read the balance from CoinMENA now; what was read before, with the reason, where it does not answer."""
    asked_at = clock.now()
    try:
        said = coinmena(deadline_seconds=PAGE_DEADLINE_SECONDS).balance(client.partner_client_id, asset_id)
    except PartnerError as error:
        return replace(mirrored_balance(client, asset_id), trouble=str(error))
    return Balance(said.available_balance, asked_at)


def facts_of(operation: Operation, *, is_fresh: bool) -> Facts:
    """Return what is known about an operation that waits."""
    now = clock.now()
    balance = (fresh_balance if is_fresh else mirrored_balance)(operation.client, operation.asset_id)
    equal = queries.equal_requests(operation.client, operation.asset, operation.kind, operation.amount, now)
    return Facts(
        kind=operation.kind,
        now=now,
        client=operation.client,
        asset=operation.asset,
        amount=operation.amount,
        balance=balance,
        reserved=queries.reserved(operation.client, operation.asset_id, excluding=operation),
        equal=tuple(other for other in equal if other.pk != operation.pk),
        not_flowing=why_not_flowing(queries.gate(), now)
        or why_frozen(operation.kind, operation.client_id, operation.asset_id),
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


def short(digest: str) -> str:
    """Shorten a digest for the screen; the whole one is in the audit log."""
    return f"{digest[:4]}…{digest[-4:]}"


def typed_facts(
    *,
    kind: str,
    client: Client | None,
    asset: Asset | None,
    amount: Decimal | None,
    amount_fault: str,
    is_fresh: bool,
) -> Facts:
    """Return what is known about an operation that is being typed."""
    now = clock.now()
    facts = Facts(
        kind=kind,
        now=now,
        client=client,
        asset=asset,
        amount=amount,
        amount_fault=amount_fault,
        not_flowing=why_not_flowing(queries.gate(), now)
        or why_frozen(kind, client.pk if client else None, asset.asset_id if asset else None),
    )
    if client is None or asset is None:
        return facts
    return replace(
        facts,
        balance=(fresh_balance if is_fresh else mirrored_balance)(client, asset.asset_id),
        reserved=queries.reserved(client, asset.asset_id),
        equal=tuple(queries.equal_requests(client, asset, kind, amount, now)) if amount is not None else (),
    )


def approval_needed(kind: str, person: Person) -> dict[str, Any]:
    """Say whether ``kind`` needs somebody else, by which rule, and who can approve what ``person`` asks for."""
    rule = rule_for(kind)
    return {"rule": rule, "approvers": people_who_can_decide(person.pk) if rule else []}
