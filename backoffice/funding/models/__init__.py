from backoffice.funding.models.evidence import Attempt, AttemptOutcome, Lookup, LookupAnswer
from backoffice.funding.models.gate import Gate
from backoffice.funding.models.operation import Kind, Operation

__all__ = ["Attempt", "AttemptOutcome", "Gate", "Kind", "Lookup", "LookupAnswer", "Operation"]
