"""Keep the mirror of Bitnob's transactions and balances, and ask for one transaction. Nothing here moves money."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from backoffice.accounts.models import Person
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.mirror.cursors import sync_newest_first
from backoffice.mirror.incidents import store
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.open_rows import OpenRows
from backoffice.mirror.paging import sync_answer
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, bitnob
from backoffice.mirror.sentences import result_of, said_by
from backoffice.mirror.targets import Final as FinalRows
from backoffice.mirror.targets import Row, Target
from backoffice.partner.bitnob import payloads
from backoffice.partner.errors import PartnerError
from backoffice.transactions.models import TERMINAL_STATES, AccountBalance, Transaction
from backoffice.transactions.policies import check_can_look_up
from backoffice.transactions.queries import amount_listed, open_ids

#: What of a final transaction may never change. SETTLED turning REVERSED is among it, and is seen that way.
FIXED: Final = ("currency", "type", "state", "amount", "fee", "reference")
MOMENTS: Final = ("created_at", "updated_at", "value_date")
#: Texts the partner leaves empty or out where they do not apply.
TEXTS: Final = ("account_number", "reference", "idempotency_key", "trade_id", "side")
TRANSACTIONS: Final = Target(
    mirror=Mirror.TRANSACTIONS,
    model=Transaction,
    key="transaction_id",
    columns=(
        "transaction_id",
        "currency",
        "type",
        "state",
        "amount",
        "amount_by_id",
        "fee",
        *TEXTS,
        "metadata",
        "is_simulated",
        *MOMENTS,
    ),
    final=FinalRows("state", frozenset(TERMINAL_STATES), FIXED),
    keeps_known=frozenset({"amount_by_id", "fee", "updated_at", "value_date", *TEXTS}),
)
#: A transaction that was asked for by itself is fresh even if nothing about it is new.
ONE_TRANSACTION: Final = replace(TRANSACTIONS, touches=True)
BALANCES: Final = Target(
    mirror=Mirror.BITNOB_BALANCES,
    model=AccountBalance,
    key="account_id",
    columns=("account_id", "account_number", "currency", "ledger_balance", "available_balance"),
    touches=True,
)
#: Reading from the newest may end at a page older than this where everything was known and final.
LOOK_BACK: Final = timedelta(hours=24)


class NotRead(Exception):
    """Bitnob could not be asked, or has no such transaction; ``str()`` is a sentence for staff."""


# What Bitnob says, as columns -----------------------------------------------------------------------------------------


def listed_values(said: payloads.Transaction) -> Mapping[str, Any]:
    """Return the columns of a transaction as the list says it."""
    same = ("currency", "type", "state", "amount", "fee", "metadata", "is_simulated", *MOMENTS)
    return {
        "transaction_id": said.transaction_id.lower(),
        "amount_by_id": None,
        **{column: getattr(said, column) for column in same},
        **{column: getattr(said, column) or "" for column in TEXTS},
    }


def values_by_id(said: payloads.Transaction) -> Mapping[str, Any]:
    """Return the columns of a transaction that was asked for by itself.

    There the partner counts the fee into the amount, and in the list it does not (bitnob.md §13, trap 4). The list's
    amount stays the primary one; what the look-up said stands beside it.
    """
    listed = amount_listed(said.transaction_id)
    return {**listed_values(said), "amount": said.amount if listed is None else listed, "amount_by_id": said.amount}


def balance_values(said: payloads.AccountBalance) -> Mapping[str, Any]:
    """Return the columns of one account."""
    return {
        **{column: getattr(said, column) for column in BALANCES.columns},
        "account_number": said.account_number or "",
    }


# Syncs ----------------------------------------------------------------------------------------------------------------


def sync_transactions() -> SyncRun:
    """Read from the newest transaction back to where all is known and final, then every open one by itself.

    :raises AlreadyRunning: when another process reads the transactions.
    """
    return sync_newest_first(
        TRANSACTIONS,
        fetch=bitnob().transactions,
        to_values=listed_values,
        is_settled=lambda said: said.is_terminal,
        made_at=lambda said: said.created_at,
        look_back=LOOK_BACK,
        open_rows=OpenRows(keys=open_ids, fetch=bitnob().transaction, to_values=values_by_id),
    )


def sync_balances() -> SyncRun:
    """Read the balance of every account at Bitnob.

    :raises AlreadyRunning: when another process reads the balances.
    """
    return sync_answer(BALANCES, fetch=bitnob().balances, to_values=balance_values)


# One transaction ------------------------------------------------------------------------------------------------------


def look_up_transaction(*, text: str, by: Person) -> Transaction:
    """Ask Bitnob for a transaction by id or reference, mirror it and write the look-up down.

    Several transactions may share a reference; Bitnob then answers with one of them, and the list brings the others.

    :raises Refused: for people who may not have the partner asked.
    :raises NotRead: when there is no such transaction or Bitnob cannot be asked.
    """
    check_can_look_up(by)
    asked_at = clock.now()
    try:
        client = bitnob(deadline_seconds=PAGE_DEADLINE_SECONDS)
        said = client.transaction(text)
        # Whatever the mirror does not hold yet is among the newest, and only the list says the list's amount.
        newest = client.transactions().items if amount_listed(said.transaction_id) is None else ()
    except PartnerError as error:
        asked = {"asked": text, "found": False}
        record("transaction.looked_up", by=by, after=asked, reason=said_by(error), result=result_of(error))
        raise NotRead(said_by(error)) from error
    return keep(said, newest, text=text, by=by, asked_at=asked_at)


def reread_transaction(*, transaction_id: str, by: Person) -> Transaction:
    """Ask Bitnob again for a transaction the mirror holds, and write the look-up down.

    :raises Refused: for people who may not have the partner asked.
    :raises NotRead: when Bitnob no longer has the transaction or cannot be asked.
    """
    return look_up_transaction(text=transaction_id, by=by)


@transaction.atomic
def keep(
    said: payloads.Transaction,
    newest: Sequence[payloads.Transaction],
    *,
    text: str,
    by: Person,
    asked_at: datetime,
) -> Transaction:
    found_in_list = [each for each in newest if each.transaction_id == said.transaction_id]
    store(TRANSACTIONS, [Row(listed_values(each), each.raw, asked_at) for each in found_in_list])
    store(ONE_TRANSACTION, [Row(values_by_id(said), said.raw, asked_at)])
    kept = Transaction.objects.get(pk=said.transaction_id)
    record(
        "transaction.looked_up",
        by=by,
        obj=kept,
        after={"asked": text, "found": True, "state": kept.state, "amount_by_id": kept.amount_by_id},
    )
    return kept
