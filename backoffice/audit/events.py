"""Every event the audit log knows, with the one sentence a reader sees. A service may record no other."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "person.signed_in": _("Signed in"),
    "person.sign_in_failed": _("Failed to sign in"),
    "person.signed_out": _("Signed out"),
    "access.refused": _("Was refused a page or an action"),
    "client.activated": _("Activated a client"),
    "client.deactivated": _("Deactivated a client"),
    "client.activation_failed": _("Tried to change a client's activation; CoinMENA did not do it"),
    "operation.requested": _("Asked for an operation"),
    "operation.created": _("Created an operation that no rule gates"),
    "operation.approved": _("Approved an operation"),
    "operation.rejected": _("Rejected an operation"),
    "operation.cancelled": _("Cancelled an operation"),
    "operation.expired": _("An operation expired"),
    "operation.claimed": _("Claimed an operation to send it"),
    "operation.returned": _("Nothing was sent; the operation waits to be sent"),
    "operation.completed": _("Completed an operation"),
    "operation.failed": _("An operation failed"),
    "operation.in_doubt": _("An operation is in doubt"),
    "operation.in_review": _("An operation went to review"),
    "operation.looked_up": _("Looked an operation up at the partner"),
    "funding.paused": _("Sending was paused"),
    "funding.halted": _("Sending was halted"),
    "funding.resumed": _("Sending was resumed"),
    "order.looked_up": _("Looked an order up at the partner"),
    "transaction.looked_up": _("Looked a transaction up at the partner"),
    "mirror.incident": _("A partner changed what it had said"),
    "reconciliation.run": _("Reconciled a window"),
    "export.made": _("Exported a list"),
    "export.broken": _("An export broke off"),
    "audit.read": _("Read the audit log"),
}
