"""Rules, requests, decisions and delegations: what the approval engine remembers."""

from backoffice.approvals.models.decision import Decision
from backoffice.approvals.models.delegation import Delegation
from backoffice.approvals.models.request import Request
from backoffice.approvals.models.rules import Rule, RuleKind, RuleSet, RuleSetState

__all__ = ["Decision", "Delegation", "Request", "Rule", "RuleKind", "RuleSet", "RuleSetState"]
