"""Create an operation: the intent, its reference, the request for approval or the bell, and the audit entry, at once.

The client's row is locked first, so two people who key the same payment at the same moment see each other's.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.matching import Facts, live_rules, rule_for
from backoffice.approvals.models import Rule, RuleSet
from backoffice.approvals.policies import Conflict
from backoffice.approvals.services import ask_for_approval
from backoffice.audit.services import record
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.funding import queries, rolling
from backoffice.funding.equal import EqualPayment, LostOrder, Wanted, equal_requests, has_waited, sentence_of
from backoffice.funding.fingerprint import equal_requests_fingerprint, fingerprint_of
from backoffice.funding.models import Kind, Operation
from backoffice.funding.policies import (
    check_can_ask,
    check_can_copy,
    why_not_asset,
    why_not_client,
    why_not_known_yet,
    why_not_successor,
)
from backoffice.funding.references import is_minted, mint, reference_of, year_of
from backoffice.funding.services.doorbells import ring_to_send
from backoffice.funding.states import State
from backoffice.money import Money, exact_sum

#: How long an operation that no rule gates may wait to be sent; after that nobody expects it to leave any more.
UNGATED_VALIDITY: Final = timedelta(hours=24)
SUBJECT_KIND: Final = "operation"


class EqualRequest(Exception):
    """What may be the same payment is there (`funding.equal`) and nobody has confirmed that this is another one.

    ``shown`` is the digest of what is asked for and of ``equal``: what a confirmation of just this carries.
    """

    def __init__(self, equal: list[EqualPayment], shown: str, *, counts_older: bool = False) -> None:
        super().__init__(sentence_of(equal, counts_older=counts_older))
        self.equal = equal
        self.shown = shown


class NotFundable(Exception):
    """The client or the asset cannot be used for this. The text is fit for staff."""


@dataclass(frozen=True)
class Intent:
    """What a person asks for, as typed and checked.

    ``submission_token`` was made by the server with the form: whatever is sent with it twice is one operation.
    ``why_gated`` refuses it where no rule asks somebody else about it; empty where it may be made all the same.
    ``file_id`` names the file whose row it is, ``asked_at`` is when that was confirmed: nobody was asked about what is
    equal and came later.
    ``year`` is that of its reference where its token does not say it: whoever makes it again from the same token gives
    the same one.
    ``confirmed_shown``: `EqualRequest.shown` as the person saw it who confirmed that this is another payment; it counts
    while nothing else is asked for and nothing else is equal. ``confirmed_equal`` counts whatever is equal, and is for
    callers who show nobody a page; what a restore lost is asked about all the same where ``is_of_before_a_restore``: it
    was confirmed when that was not lost yet.
    """

    kind: Kind
    client: Client
    asset: Asset
    amount: Decimal
    reason: str
    submission_token: UUID
    confirmed_equal: bool = False
    copy_of: Operation | None = None
    why_gated: str = ""
    year: int | None = None
    confirmed_shown: str = ""
    file_id: int | None = None
    asked_at: datetime | None = None
    is_of_before_a_restore: bool = False


def create_deposit(
    *,
    client: Client,
    asset: Asset,
    amount: Decimal,
    reason: str,
    submission_token: UUID,
    by: Person,
    confirmed_equal: bool = False,
    copy_of: Operation | None = None,
) -> Operation:
    """Create a deposit; where no rule gates it, a worker sends it within seconds.

    :raises Refused: for anybody but finance. :raises EqualRequest: unless confirmed. :raises NotFundable: with a
        sentence about the client or the asset. :raises Conflict: for a token somebody else used, or a second copy.
    """
    intent = Intent(Kind.DEPOSIT, client, asset, amount, reason, submission_token, confirmed_equal, copy_of)
    return create(intent, by=by)


def ask_for_withdrawal(
    *,
    client: Client,
    asset: Asset,
    amount: Decimal,
    reason: str,
    submission_token: UUID,
    by: Person,
    confirmed_equal: bool = False,
    copy_of: Operation | None = None,
) -> Operation:
    """Ask for a withdrawal, which waits for another person's approval.

    :raises Refused, EqualRequest, NotFundable, Conflict: as `create_deposit`.
    """
    intent = Intent(Kind.WITHDRAWAL, client, asset, amount, reason, submission_token, confirmed_equal, copy_of)
    return create(intent, by=by)


def create(intent: Intent, *, by: Person) -> Operation:
    """Create what ``intent`` says, or return the operation that its token already made.

    :raises Refused, EqualRequest, NotFundable, Conflict: as `create_deposit`.
    """
    check_can_ask(by)
    try:
        with transaction.atomic():
            Client.objects.select_for_update(no_key=True).get(pk=intent.client.pk)
            operation = _made_before(intent, by) or _create(intent, by)
            failpoint(Failpoint.C13 if intent.copy_of else Failpoint.C0)
    except IntegrityError as error:
        # Two forms with one token for two clients, or two copies of one operation: the database let one of them in.
        made = _made_before(intent, by)
        if made is not None:
            return made
        if intent.copy_of is not None:
            check_can_copy(by, intent.copy_of)
        if is_minted(reference_of(intent.kind, intent.submission_token, _year(intent, clock.now()))):
            raise Conflict(
                _("Another operation has the reference that this one would get. Ask for it anew.")
            ) from error
        raise
    failpoint(Failpoint.C1)
    return operation


def is_same_intent(operation: Operation, intent: Intent) -> bool:
    """Tell whether ``operation`` is what ``intent`` asks for; a form that was changed and sent again is not."""
    asked = (intent.kind, intent.client.pk, intent.asset.pk, intent.amount)
    return asked == (operation.kind, operation.client_id, operation.asset_id, operation.amount)


def _made_before(intent: Intent, by: Person) -> Operation | None:
    operation = Operation.objects.filter(submission_token=intent.submission_token).first()
    if operation is not None and operation.requested_by_id != by.pk:
        raise Conflict(_("This form was used by somebody else already. Open a new one."))
    return operation


def _create(intent: Intent, by: Person) -> Operation:
    chain = _check_possible(intent, by)
    intent = replace(intent, confirmed_equal=_is_confirmed(intent, chain))
    now, rules = clock.now(), live_rules()
    rule = _rule(intent, rules, now)
    operation = _insert(intent, rule, rules, by, now)
    if rule is None:
        ring_to_send(operation.pk)
    record(
        "operation.requested" if rule else "operation.created",
        by=by,
        obj=operation,
        client=intent.client.partner_client_id,
        after=_content(operation, rule),
        reason=intent.reason,
    )
    return operation


def _check_possible(intent: Intent, by: Person) -> list[int]:
    """Refuse what cannot be made; return the chain it continues."""
    sentence = why_not_client(intent.client) or why_not_asset(intent.asset, intent.kind) or why_not_known_yet()
    if sentence:
        raise NotFundable(sentence)
    return _check_can_follow(intent, by)


def _is_confirmed(intent: Intent, chain: list[int]) -> bool:
    """Tell whether somebody confirmed that this is another payment; refuse it where they should have.

    Under the client's lock: what somebody else asked for since a page was shown is among the equal ones.
    """
    if intent.confirmed_equal and not intent.is_of_before_a_restore:
        return True
    now = clock.now()
    own = reference_of(intent.kind, intent.submission_token, _year(intent, now))
    wanted = Wanted(
        intent.client, intent.asset, intent.kind, intent.amount, chain, own, intent.file_id, intent.asked_at
    )
    equal = equal_requests(wanted, now)
    if intent.confirmed_equal:
        equal = [one for one in equal if isinstance(one, LostOrder)]
    shown = _shown_with(intent, equal)
    if equal and intent.confirmed_shown != shown:
        raise EqualRequest(equal, shown, counts_older=has_waited(intent.asked_at, now))
    return intent.confirmed_equal or bool(equal)


def _shown_with(intent: Intent, equal: list[EqualPayment]) -> str:
    client, asset = intent.client.partner_client_id, intent.asset.asset_id
    return equal_requests_fingerprint(intent.kind, client, asset, intent.amount, [one.key for one in equal])


def _check_can_follow(intent: Intent, by: Person) -> list[int]:
    """Refuse what does not follow the operation it names; return the chain it continues."""
    if intent.copy_of is None:
        return []
    check_can_copy(by, intent.copy_of)
    sentence = why_not_successor(intent.copy_of, intent.kind, intent.client)
    if sentence:
        raise NotFundable(sentence)
    return queries.ids_of_chain(intent.copy_of)


def _rule(intent: Intent, rules: RuleSet, now: datetime) -> Rule | None:
    rule = rule_for(rule_facts(intent.kind, intent.client, intent.asset, intent.amount, now), rules)
    if rule is None and intent.kind == Kind.WITHDRAWAL:
        raise Refused(_("No rule says who approves this withdrawal, so it is blocked. An administrator can add one."))
    if rule is None and intent.why_gated:
        raise Refused(intent.why_gated)
    return rule


def rule_facts(kind: str, client: Client, asset: Asset, amount: Decimal, now: datetime) -> Facts:
    """Return what the rules look at; under the client's lock, so that two requests at once see each other's total."""
    return Facts(
        kind=kind,
        asset=asset.asset_id,
        client=client.partner_client_id,
        amount=amount,
        day_total=exact_sum([rolling.day_total(client, asset, kind, now), amount]),
    )


def _year(intent: Intent, now: datetime) -> int:
    return intent.year or year_of(intent.submission_token, now)


def _insert(intent: Intent, rule: Rule | None, rules: RuleSet, by: Person, now: datetime) -> Operation:
    """Insert it with the version of the rules that was asked about it: another may have come into force meanwhile."""
    operation = Operation(
        reference=mint(intent.kind, intent.submission_token, year=_year(intent, now), now=now),
        submission_token=intent.submission_token,
        kind=intent.kind,
        client=intent.client,
        asset=intent.asset,
        amount=intent.amount,
        reason=intent.reason,
        confirmed_equal=intent.confirmed_equal,
        copy_of=intent.copy_of,
        requested_by=by,
        requested_at=now,
        state=State.PENDING_APPROVAL if rule else State.APPROVED,
        ungated_rule_version=None if rule else rules.version,
        valid_until=now + (rule.validity if rule else UNGATED_VALIDITY),
    )
    operation.fingerprint = fingerprint_of(operation)
    if rule:
        operation.approval = ask_for_approval(
            kind=SUBJECT_KIND,
            subject=operation.reference,
            title=title_of(operation),
            fingerprint=operation.fingerprint,
            rule=rule,
            by=by,
            now=now,
            client=intent.client.partner_client_id,
            amount=intent.amount,
            asset=intent.asset.asset_id,
            reason=intent.reason,
        )
    operation.save(force_insert=True)
    return operation


def title_of(operation: Operation) -> str:
    """Name the operation in a queue: ``Withdrawal of 500.00 USD for Noura``. Stored, so in no reader's language."""
    money = Money(operation.amount, operation.asset_id)
    return f"{operation.kind.capitalize()} of {money} for {operation.client}"


def _content(operation: Operation, rule: Rule | None) -> dict[str, object]:
    return {
        "state": str(operation.state),
        "kind": str(operation.kind),
        "amount": operation.amount,
        "asset": operation.asset_id,
        "fingerprint": operation.fingerprint,
        "rule": rule.name if rule else "",
        "rule_version": rule.version if rule else operation.ungated_rule_version,
        "confirmed_equal": operation.confirmed_equal,
        "copy_of": operation.copy_of.reference if operation.copy_of else "",
    }
