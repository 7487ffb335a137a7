"""Who could move money alone, and who with whom: worked out from roles, rules and delegations, now or as they would be.

`report` is a pure function over a `Snapshot`, so that a role change or a draft of the rules is tried on it before it is
saved: ``difference(report(snapshot_now()), report(snapshot_now().with_role(5, "manager")))``.
"""

from backoffice.approvals.control.differing import Difference, Gain, Standstill, difference
from backoffice.approvals.control.reporting import Alone, Line, Pair, Report, Stuck, managers_demanded, report
from backoffice.approvals.control.snapshots import Member, Snapshot, snapshot_now

__all__ = [
    "Alone",
    "Difference",
    "Gain",
    "Line",
    "Member",
    "Pair",
    "Report",
    "Snapshot",
    "Standstill",
    "Stuck",
    "difference",
    "managers_demanded",
    "report",
    "snapshot_now",
]
