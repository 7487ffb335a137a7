"""Staff, the proofs that it was really them, and their sessions."""

from backoffice.accounts.models.person import Person, Role, company_time_zone
from backoffice.accounts.models.proof import Proof
from backoffice.accounts.models.session import Session

__all__ = ["Person", "Proof", "Role", "Session", "company_time_zone"]
