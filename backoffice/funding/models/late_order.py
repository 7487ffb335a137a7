"""An order that speaks against how an operation ended: found by itself, kept, open until a manager has settled it."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.database.models import KeptModel
from backoffice.funding.models.operation import Operation
from backoffice.mirror.models import Incident


class LateOrder(KeptModel):
    """One order at the partner beside one operation that had ended otherwise. The operation itself is never edited.

    ``incident`` says what was seen; it stands on the page of the order, as this row stands on the operation's. An order
    that changes or vanishes again after that was settled makes another row; one that is there after all makes one ever.
    """

    class Kind(models.TextChoices):
        COMPLETED = "completed", _("Completed after we ended it")
        OPEN = "open", _("Turned up after we ended it")
        CHANGED = "changed", _("Changed after it was completed")
        VANISHED = "vanished", _("Vanished after it was completed")

    operation = models.ForeignKey(Operation, on_delete=models.RESTRICT, related_name="late_orders")
    kind = models.CharField(max_length=16, choices=Kind)
    order_id = models.BigIntegerField()
    incident = models.ForeignKey(Incident, on_delete=models.RESTRICT, related_name="+")
    seen_at = models.DateTimeField()
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    settled_at = models.DateTimeField(null=True)
    settlement = models.TextField(blank=True)

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["operation", "kind", "order_id"],
                name="one_late_order_against_no_effect",
                condition=Q(kind__in=["completed", "open"]),
            ),
            models.UniqueConstraint(
                fields=["operation", "kind", "order_id"],
                name="one_open_late_order_of_a_kind",
                condition=Q(settled_at=None),
            ),
            models.UniqueConstraint(fields=["operation", "incident"], name="one_late_order_per_incident"),
            models.CheckConstraint(
                condition=Q(kind__in=["completed", "open", "changed", "vanished"]), name="late_order_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(settled_by=None, settled_at=None, settlement="")
                | Q(settled_by__isnull=False, settled_at__isnull=False) & ~Q(settlement=""),
                name="late_order_settled_by_whom_when_and_how",
            ),
        ]
        indexes = [
            models.Index(fields=["seen_at", "id"], name="late_orders_unsettled", condition=Q(settled_at=None)),
            models.Index(fields=["seen_at"], name="moved_late_by_seen", condition=Q(kind="completed")),
        ]
        triggers = [
            *KeptModel.Meta.triggers,
            pgtrigger.ReadOnly(name="content_is_frozen", exclude=["settled_by", "settled_at", "settlement"]),
            pgtrigger.Protect(
                name="born_unsettled", operation=pgtrigger.Insert, condition=pgtrigger.Q(new__settled_at__isnull=False)
            ),
            pgtrigger.Protect(
                name="what_is_settled_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__settled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation.reference} {self.order_id}"
