"""What the reconciliation keeps: runs and verdicts, exceptions, ledgers, proofs of balances, days."""

from backoffice.reconciliation.models.balances import BalanceProof
from backoffice.reconciliation.models.days import Day, DayReport, DayState, Drift
from backoffice.reconciliation.models.exceptions import (
    ENDED,
    FORCED,
    UNDONE,
    ExceptionEvent,
    ExceptionItem,
    ExceptionState,
    Resolution,
    Severity,
    Sighting,
)
from backoffice.reconciliation.models.jobs import JobState, RunJob
from backoffice.reconciliation.models.ledger import FileState, LedgerEntry, LedgerFile, LedgerSource
from backoffice.reconciliation.models.rereadings import Rereading
from backoffice.reconciliation.models.runs import EXCEPTIONS, PENDING, Finding, ReferenceCheck, Run, Source, Verdict
from backoffice.reconciliation.models.transactions import Fault, TransactionFinding

__all__ = [
    "UNDONE",
    "ENDED",
    "EXCEPTIONS",
    "FORCED",
    "PENDING",
    "BalanceProof",
    "Day",
    "DayReport",
    "DayState",
    "Drift",
    "ExceptionEvent",
    "ExceptionItem",
    "ExceptionState",
    "Fault",
    "FileState",
    "Finding",
    "JobState",
    "LedgerEntry",
    "LedgerFile",
    "LedgerSource",
    "ReferenceCheck",
    "Rereading",
    "Resolution",
    "Run",
    "RunJob",
    "Severity",
    "Sighting",
    "Source",
    "TransactionFinding",
    "Verdict",
]
