"""Staff, the proofs that it was really them, their second factors, and their sessions."""

from backoffice.accounts.models.code_guard import CodeGuard
from backoffice.accounts.models.person import NEVER_CAME, Person, Role, company_time_zone
from backoffice.accounts.models.proof import Proof
from backoffice.accounts.models.recovery_code import RecoveryCode
from backoffice.accounts.models.session import Session

__all__ = ["NEVER_CAME", "CodeGuard", "Person", "Proof", "RecoveryCode", "Role", "Session", "company_time_zone"]
