from backoffice.funding.models.bulk import BulkFile, BulkRefusal, BulkRow, FileState
from backoffice.funding.models.closing import Closing, ClosingEvidence
from backoffice.funding.models.evidence import Attempt, AttemptOutcome, Lookup, LookupAnswer
from backoffice.funding.models.freeze import Freeze, Scope
from backoffice.funding.models.gate import Gate, HaltCode
from backoffice.funding.models.late_order import LateOrder
from backoffice.funding.models.operation import Kind, Operation

__all__ = [
    "Attempt",
    "AttemptOutcome",
    "BulkFile",
    "BulkRefusal",
    "BulkRow",
    "Closing",
    "ClosingEvidence",
    "FileState",
    "Freeze",
    "Gate",
    "HaltCode",
    "Kind",
    "LateOrder",
    "Lookup",
    "LookupAnswer",
    "Operation",
    "Scope",
]
