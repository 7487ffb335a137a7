"""The rules that say who else has to agree, in whole versions: one is live, all that ever were are kept."""

from datetime import timedelta
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models.request import Request
from backoffice.database.fields import AmountField, amount_within_bounds
from backoffice.database.models import KeptModel, born_in, truncate_refused


class RuleSetState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PROPOSED = "proposed", _("Waiting for approval")
    LIVE = "live", _("Live")
    FORMER = "former", _("Replaced")
    DISCARDED = "discarded", _("Discarded")


RULE_SET_MOVES = [
    ("draft", "proposed"),
    ("draft", "discarded"),
    ("proposed", "draft"),
    ("proposed", "live"),
    ("live", "former"),
]


class RuleSet(KeptModel):
    """One version of all rules. Version 1 comes with the product; every later one was approved by a second person.

    ``groups`` are named lists of clients, as ``{"name": ["partner client id", …]}``; whoever changes who is in a group
    changes who has to agree, so the lists are part of the version.
    """

    version = models.IntegerField(unique=True)
    state = models.CharField(max_length=16, choices=RuleSetState, default=RuleSetState.DRAFT)
    groups: Any = models.JSONField(default=dict)
    note = models.TextField(blank=True, help_text=_("Why the rules change"))
    fingerprint = models.CharField(max_length=64, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+")
    made_at = models.DateTimeField()
    live_at = models.DateTimeField(null=True)
    approval = models.OneToOneField(Request, null=True, on_delete=models.RESTRICT, related_name="rule_set")

    class Meta(KeptModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state=RuleSetState.LIVE), name="one_live_version_of_the_rules"
            ),
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(state__in=[RuleSetState.DRAFT, RuleSetState.PROPOSED]),
                name="one_next_version_of_the_rules",
            ),
            models.CheckConstraint(condition=models.Q(state__in=RuleSetState.values), name="rule_set_state_known"),
            models.CheckConstraint(
                condition=models.Q(version=1)
                | models.Q(state__in=[RuleSetState.DRAFT, RuleSetState.DISCARDED], fingerprint="", approval=None)
                | (
                    ~models.Q(state__in=[RuleSetState.DRAFT, RuleSetState.DISCARDED])
                    & ~models.Q(fingerprint="")
                    & models.Q(approval__isnull=False)
                ),
                name="rule_set_submitted_with_a_request",
            ),
            models.CheckConstraint(
                condition=models.Q(version=1)
                | models.Q(state__in=[RuleSetState.LIVE, RuleSetState.FORMER], live_at__isnull=False)
                | (~models.Q(state__in=[RuleSetState.LIVE, RuleSetState.FORMER]) & models.Q(live_at=None)),
                name="rule_set_live_since",
            ),
        ]
        triggers = [
            *KeptModel.Meta.triggers,
            born_in(RuleSetState.DRAFT),
            pgtrigger.FSM(name="rule_set_moves", field="state", transitions=RULE_SET_MOVES),
            pgtrigger.ReadOnly(name="made_once", fields=["version", "made_by", "made_at"]),
            pgtrigger.Protect(
                name="only_a_draft_changes",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__state=RuleSetState.DRAFT)
                & (
                    pgtrigger.Q(old__groups__df=pgtrigger.F("new__groups"))
                    | pgtrigger.Q(old__note__df=pgtrigger.F("new__note"))
                    | (
                        ~pgtrigger.Q(new__state=RuleSetState.DRAFT)
                        & (
                            pgtrigger.Q(old__fingerprint__df=pgtrigger.F("new__fingerprint"))
                            | pgtrigger.Q(old__approval__df=pgtrigger.F("new__approval"))
                        )
                    )
                ),
            ),
            pgtrigger.Protect(
                name="live_since_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__live_at__isnull=False)
                & pgtrigger.Q(old__live_at__df=pgtrigger.F("new__live_at")),
            ),
            pgtrigger.Trigger(
                name="submitted_for_exactly_this",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=RuleSetState.DRAFT, new__state=RuleSetState.PROPOSED)
                & ~pgtrigger.Q(new__version=1),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM approvals_request r WHERE r.id = NEW.approval_id AND r.kind = 'rules'
                        AND r.state = 'waiting' AND r.fingerprint = NEW.fingerprint
                        AND split_part(r.subject, '-', 2) = NEW.version::text
                    ) THEN
                        RAISE EXCEPTION 'no request waits for version % of the rules', NEW.version
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="a_draft_again_once_decided",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state=RuleSetState.PROPOSED, new__state=RuleSetState.DRAFT),
                func="""
                    IF EXISTS (
                        SELECT 1 FROM approvals_request r WHERE r.id = OLD.approval_id
                        AND r.state IN ('waiting', 'approved')
                    ) THEN
                        RAISE EXCEPTION 'version % of the rules waits for a decision', NEW.version
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="live_by_two_people",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__state__in=[RuleSetState.LIVE, RuleSetState.FORMER]),
                func="""
                    IF NEW.version <> 1 AND NOT EXISTS (
                        SELECT 1 FROM approvals_request r WHERE r.id = NEW.approval_id AND r.kind = 'rules'
                        AND r.state = 'approved' AND r.fingerprint = NEW.fingerprint
                        AND split_part(r.subject, '-', 2) = NEW.version::text
                    ) THEN
                        RAISE EXCEPTION 'version % of the rules was not approved by a second person', NEW.version
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]


class RuleKind(models.TextChoices):
    """What can need a second person; the value is the request's kind for all but the two ways money moves."""

    WITHDRAWAL = "withdrawal", _("Withdrawals")
    DEPOSIT = "deposit", _("Deposits")
    BULK = "bulk", _("Files of operations")
    CLOSING = "closing", _("Closings by hand")
    RELEASE = "release", _("Releases of a freeze")
    ACCOUNT = "account", _("Invitations, roles and second factors")
    RULES = "rules", _("Changes of these rules")
    REOPENING = "reopening", _("Reopening a closed day")
    RESOLUTION = "resolution", _("Exceptions ended though both sides differ")


class Rule(models.Model):
    """What one rule demands of what it matches. An empty field matches everything.

    The band is ``[at_least, below)`` in units of ``asset``. ``day_total_from``: matches when the client's operations of
    this kind and asset in the last 24 hours, those that wait and this one included, come to at least that much.
    """

    rule_set = models.ForeignKey(RuleSet, on_delete=models.RESTRICT, related_name="rules")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=16, choices=RuleKind)
    asset = models.CharField(max_length=32, blank=True)
    client = models.TextField(blank=True, help_text=_("A partner client id"))
    group = models.CharField(max_length=80, blank=True)
    at_least = AmountField(null=True, blank=True)
    below = AmountField(null=True, blank=True)
    day_total_from = AmountField(null=True, blank=True)
    people_needed = models.SmallIntegerField(default=1)
    validity = models.DurationField(default=timedelta(hours=24))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule_set", "name"], name="one_rule_per_name"),
            models.CheckConstraint(condition=models.Q(kind__in=RuleKind.values), name="rule_kind_known"),
            models.CheckConstraint(condition=models.Q(people_needed__gte=1), name="rule_needs_somebody"),
            models.CheckConstraint(condition=models.Q(validity__gt=timedelta(0)), name="rule_leaves_time"),
            models.CheckConstraint(
                condition=~models.Q(asset="") | models.Q(at_least=None, below=None, day_total_from=None),
                name="band_is_in_an_asset",
            ),
            models.CheckConstraint(
                condition=models.Q(at_least=None) | models.Q(below=None) | models.Q(below__gt=models.F("at_least")),
                name="band_holds_something",
            ),
            models.CheckConstraint(
                condition=models.Q(client="") | models.Q(group=""), name="rule_names_a_client_or_a_group"
            ),
            *(
                amount_within_bounds(field, name=f"rule_{field}_in_bounds")
                for field in ("at_least", "below", "day_total_from")
            ),
        ]
        triggers = [
            truncate_refused(),
            pgtrigger.Trigger(
                name="rules_change_in_a_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP <> 'INSERT' AND (SELECT state FROM approvals_ruleset WHERE id = OLD.rule_set_id) <> 'draft'
                    OR TG_OP <> 'DELETE' AND (SELECT state FROM approvals_ruleset WHERE id = NEW.rule_set_id) <> 'draft'
                    THEN
                        RAISE EXCEPTION 'only the rules of a draft change' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def version(self) -> int:
        return self.rule_set.version
