"""Staff, and the proofs that it was really them."""

from backoffice.accounts.models.person import Person, Role, company_time_zone
from backoffice.accounts.models.proof import Proof

__all__ = ["Person", "Proof", "Role", "company_time_zone"]
