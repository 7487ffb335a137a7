"""Why the product itself freezes everything; kept in English, and shown in the reader's language."""

from django.utils.translation import gettext_noop

RESTORED = gettext_noop(
    "A backup was restored, so our rows are older than what CoinMENA holds. Nothing is sent until the orders since the "
    "backup are read and reconciled, and two people have looked."
)
LOG_BEHIND = gettext_noop(
    "The audit log is older than its newest seal: a backup was restored, or entries were taken away. Nothing is sent "
    "until the orders since then are read and reconciled, and two people have looked."
)
SWITCHED_OVER = gettext_noop(
    "The database server was switched over or restored: its last seconds may be missing. Nothing is sent until the "
    "orders since then are read and reconciled, and two people have looked."
)
