"""What would happen: every precondition of an operation as one verdict with its sentence. Nothing is written by it.

CoinMENA has the last word on each of them; a failed check here spares people the way there.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.clients.models import Asset, Client
from backoffice.funding.equal import EqualOperation, EqualPayment, has_waited
from backoffice.funding.fingerprint import fingerprint_of
from backoffice.funding.models import Kind, Operation
from backoffice.funding.policies import why_not_asset, why_not_client, why_not_copy, why_not_successor, why_overtaken
from backoffice.funding.states import State
from backoffice.money import MAX_TYPED_DECIMALS, Money
from backoffice.ui import times
from backoffice.ui.values import Amount, Check, CheckResult, Link, Reference

PASSED, FAILED, WARNING, WAITING = CheckResult.PASSED, CheckResult.FAILED, CheckResult.WARNING, CheckResult.WAITING
BEFORE_MOVED_NOTHING = gettext_lazy("The one before moved nothing")


@dataclass(frozen=True)
class Balance:
    """What a client has available of one asset, when that was read, and what went wrong with reading it now."""

    available: Decimal | None = None
    read_at: datetime | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known about an operation that exists or is being typed; None for what is not known yet.

    ``equal``: what may be the same payment. ``in_doubt``: what of this client nobody knows the end of.
    ``original``: what a typed one copies or tries again. ``waiting``: the operation itself, once it exists.
    ``frozen``, ``not_flowing``: why it would be held back; empty when it would not. ``not_known_yet``: why nobody knows
    what else may be the same payment; it keeps what is typed from being asked for.
    """

    kind: str
    now: datetime
    client: Client | None = None
    asset: Asset | None = None
    amount: Decimal | None = None
    amount_fault: str = ""
    balance: Balance = Balance()
    reserved: Decimal = Decimal(0)
    equal: tuple[EqualPayment, ...] = ()
    in_doubt: tuple[Operation, ...] = ()
    original: Operation | None = None
    waiting: Operation | None = None
    frozen: str = ""
    not_flowing: str = ""
    not_known_yet: str = ""

    @property
    def is_held_against_older(self) -> bool:
        """Whether it has waited for so long that equal ones of more than 24 hours ago count as well."""
        one = self.waiting
        return one is not None and one.is_awaiting_approval and has_waited(one.requested_at, self.now)

    @property
    def is_withdrawal(self) -> bool:
        return self.kind == Kind.WITHDRAWAL

    @property
    def before(self) -> Amount | None:
        """The balance now, for the screen."""
        if self.balance.available is None or self.asset is None:
            return None
        return Amount(self.balance.available, self.asset.asset_id)

    @property
    def after(self) -> Amount | None:
        """The balance afterwards, by our arithmetic; CoinMENA's is read again when it has happened."""
        if self.balance.available is None or self.asset is None or self.amount is None:
            return None
        before, change = Money(self.balance.available, self.asset.asset_id), Money(self.amount, self.asset.asset_id)
        return Amount((before - change if self.is_withdrawal else before + change).amount, self.asset.asset_id)


def checks_of(facts: Facts) -> tuple[Check, ...]:
    """Return the verdicts in the order people read them."""
    checks = [client_check(facts), asset_check(facts), decimals_check(facts)]
    if facts.is_withdrawal:
        checks.append(funds_check(facts))
    checks += [frozen_check(facts), flowing_check(facts), doubt_check(facts), equal_check(facts)]
    if facts.original is not None:
        checks.append(original_check(facts, facts.original))
    if facts.waiting is not None:
        checks += [*overtaken_checks(facts.waiting), bound_check(facts.waiting)]
    return tuple(checks)


def client_check(facts: Facts) -> Check:
    text = _("Client verified and active")
    if facts.client is None:
        return Check(text, WAITING, _("needs a client"))
    fault = why_not_client(facts.client)
    return Check(text, FAILED if fault else PASSED, fault or _read(facts.client.read_at, facts.now))


def asset_check(facts: Facts) -> Check:
    template = _("Withdrawals open for %(asset)s") if facts.is_withdrawal else _("Deposits open for %(asset)s")
    if facts.asset is None:
        return Check(template % {"asset": _("the asset")}, WAITING, _("needs an asset"))
    fault = why_not_asset(facts.asset, facts.kind)
    text = template % {"asset": facts.asset.asset_id}
    return Check(text, FAILED if fault else PASSED, fault or _read(facts.asset.read_at, facts.now))


def decimals_check(facts: Facts) -> Check:
    text = _("At most %(n)d digits after the point") % {"n": MAX_TYPED_DECIMALS}
    if facts.amount_fault:
        return Check(_("Amount"), FAILED, facts.amount_fault)
    if facts.amount is None:
        return Check(text, WAITING, _("needs an amount"))
    return Check(text, PASSED, got=str(max(0, -int(facts.amount.as_tuple().exponent))))


def funds_check(facts: Facts) -> Check:
    """Only a warning: two withdrawals may meet on one balance, and CoinMENA's 3005 decides."""
    text = _("Funds sufficient")
    if facts.amount is None or facts.asset is None:
        return Check(text, WAITING, _("needs an amount"))
    if facts.balance.available is None:
        trouble = facts.balance.trouble
        return Check(text, WARNING if trouble else WAITING, trouble or _("the balance has not been read yet"))
    left = facts.balance.available - facts.reserved - facts.amount
    why = _read(facts.balance.read_at, facts.now)
    if facts.reserved:
        money = Money(facts.reserved, facts.asset.asset_id)
        why = _("%(read)s; %(money)s is waiting to leave") % {"read": why, "money": money}
    if left < 0:
        return Check(text, WARNING, why, got=_("CoinMENA would refuse it"))
    return Check(text, PASSED, why, got=_("%(money)s left") % {"money": Money(left, facts.asset.asset_id)})


def equal_check(facts: Facts) -> Check:
    if facts.not_known_yet:
        return Check(_("Not known yet whether it was paid"), FAILED, facts.not_known_yet)
    text = _("No equal request open or of the last 24 h")
    if facts.equal:
        asked = not facts.is_held_against_older and any(isinstance(one, EqualOperation) for one in facts.equal)
        text = _("An equal request, open or of the last 24 h") if asked else _("An equal payment")
    if facts.client is None or facts.asset is None or facts.amount is None:
        return Check(text, WAITING, _("needs client, asset and amount"))
    why = _("same client, asset, type and amount")
    return Check(text, WARNING if facts.equal else PASSED, why, links=tuple(_equal(one) for one in facts.equal))


def frozen_check(facts: Facts) -> Check:
    """A crossed one does not keep anybody from asking: what is asked for is held until the freeze is released."""
    if facts.frozen:
        return Check(
            _("Frozen"), FAILED, _("%(frozen)s It would be held until that is released.") % {"frozen": facts.frozen}
        )
    held = [_("everything"), facts.asset.asset_id if facts.asset else _("the asset"), _("this client")]
    return Check(_("Nothing frozen"), PASSED, ", ".join([*held, _("money out")] if facts.is_withdrawal else held))


def flowing_check(facts: Facts) -> Check:
    if facts.not_flowing:
        return Check(_("Nothing is sent now"), FAILED, facts.not_flowing)
    return Check(_("Sending is on"), PASSED, _("neither halted nor paused"))


def doubt_check(facts: Facts) -> Check:
    """Only a warning: another payment may well be due, but nobody should fund around a doubt."""
    if facts.in_doubt:
        why = _("Do not fund around it: it may have been paid.")
        return Check(_("This client has payments in doubt"), WARNING, why, links=_links(facts.in_doubt))
    text = _("Nothing of this client in doubt")
    return Check(text, WAITING, _("needs a client")) if facts.client is None else Check(text, PASSED)


def original_check(facts: Facts, original: Operation) -> Check:
    """What a retry or a copy follows must have moved nothing, and must have no other successor."""
    fault = why_not_copy(original) or (why_not_successor(original, facts.kind, facts.client) if facts.client else "")
    return Check(BEFORE_MOVED_NOTHING, FAILED if fault else PASSED, fault, links=_links([original]))


def overtaken_checks(operation: Operation) -> list[Check]:
    """What a retry or a copy follows must still have moved nothing when it is approved; the claim asks once more."""
    if operation.copy_of is None:
        return []
    fault = why_overtaken(operation)
    return [Check(BEFORE_MOVED_NOTHING, FAILED if fault else PASSED, fault, links=_links([operation.copy_of]))]


def bound_check(operation: Operation) -> Check:
    """The decision holds for what was asked for and nothing else; the claim compares once more."""
    text = _("Your decision binds to this content")
    is_same = operation.fingerprint == fingerprint_of(operation)
    why = _("checked again just before sending") if is_same else _("Its content is not what was asked for.")
    return Check(text, PASSED if is_same else FAILED, why, got=Reference(short(operation.fingerprint)))


def short(digest: str) -> str:
    """Shorten a digest for the screen; the whole one is in the audit log."""
    return f"{digest[:4]}…{digest[-4:]}"


def _links(operations: Iterable[Operation]) -> tuple[Link, ...]:
    return tuple(_link(one) for one in operations)


def _link(one: Operation) -> Link:
    state = str(State(one.state).label)
    return Link(one.reference, one.get_absolute_url(), _who_and_when(one.requested_by.name, one.requested_at, state))


def _equal(one: EqualPayment) -> Link:
    return Link(one.text, one.url, _who_and_when(one.who, one.at, one.state))


def _who_and_when(name: str, at: datetime, state: str) -> str:
    moment = times.written(at, times.MomentStyle.SHORT)
    return _("%(name)s, %(moment)s, %(state)s") % {"name": name, "moment": moment, "state": state}


def summary(checks: tuple[Check, ...], unlike: int = 0) -> str:
    """Say in a few words how the checks came out; what waits for more to be typed is no fault.

    :param unlike: how many sentences say what is new or far above the usual; each is to be looked at as well.
    """
    results = Counter(check.result for check in checks)
    if results[PASSED] == len(checks) and not unlike:
        return _("All pass")
    told = [_("%(n)d pass") % {"n": results[PASSED]}]
    if faults := results[FAILED] + results[WARNING] + unlike:
        told.append(_("%(n)d to look at") % {"n": faults})
    if results[WAITING]:
        told.append(_("%(n)d not yet") % {"n": results[WAITING]})
    return ", ".join(told)


def _read(at: datetime | None, now: datetime) -> str:
    if at is None:
        return _("never read")
    return _("read %(age)s ago") % {"age": times.age((now - at).total_seconds())}
