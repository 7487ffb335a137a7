"""The audit log: append-only, numbered without gaps, each entry bound to the one before it (security.md §3).

The database checks what it can check alone: the number follows the head's, ``prev`` is the head's hash and ``hash`` is
the SHA-256 of the canonical text. Whoever writes an entry holds the head row until the transaction ends, so two
writers cannot fork the chain.
"""

import json
from dataclasses import dataclass
from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext

from backoffice.accounts.models import Role
from backoffice.audit.addresses import address_of
from backoffice.audit.events import SENTENCES
from backoffice.audit.models.fields import ReadableJSON, ReadableMoment
from backoffice.audit.words import WORDS
from backoffice.database.models import AppendOnlyModel, truncate_refused
from backoffice.ui.values import Reference

FIRST_HASH = "0" * 64
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True)
class Change:
    """One value that an entry says was changed, as text; ``before`` is empty for one that was not there."""

    name: str
    before: str
    after: str

    def told(self) -> "Change":
        """The same, as a history tells it: ``pending approval`` became ``approved``."""
        if self.name != "state":
            return self
        return Change("", self.before.replace("_", " "), self.after.replace("_", " "))


class Entry(AppendOnlyModel):
    """One change, refusal, export, sign-in event or read of the log."""

    class Result(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"
        FAILED = "failed"

    number = models.BigIntegerField(primary_key=True)
    at = ReadableMoment(db_index=True)
    event = models.CharField(max_length=64)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.RESTRICT, related_name="+", db_index=False
    )
    who = models.TextField()
    role = models.CharField(max_length=16, blank=True)
    delegate_of = models.TextField(blank=True)
    address = models.TextField(blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    object_type = models.CharField(max_length=32, blank=True)
    object_id = models.CharField(max_length=128, blank=True)
    client = models.TextField(blank=True)
    before = ReadableJSON(null=True)
    after = ReadableJSON(null=True)
    reason = models.TextField(blank=True)
    result = models.CharField(max_length=8, choices=Result, default=Result.DONE)
    version = models.SmallIntegerField()
    prev = models.CharField(max_length=64)
    canonical = models.TextField()
    hash = models.CharField(max_length=64, unique=True)

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["object_type", "object_id", "number"], name="entry_by_object"),
            models.Index(fields=["client", "number"], name="entry_by_client"),
            models.Index(fields=["person", "number"], name="entry_by_person"),
            models.Index(fields=["event", "number"], name="entry_by_event"),
            models.Index(fields=["request_id", "number"], name="entry_by_request"),
            models.Index(fields=["role", "number"], name="entry_by_role"),
            models.Index(fields=["result", "number"], name="entry_not_done", condition=~models.Q(result="done")),
            # Written at once: a pending list would be worked off by whoever holds the head when it is full.
            GinIndex(WORDS, name="entry_by_words", fastupdate=False),
        ]
        triggers = [
            *AppendOnlyModel.Meta.triggers,
            pgtrigger.Trigger(
                name="follows_the_head",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("head", "audit_head%ROWTYPE")],
                func="""
                    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
                    IF NEW.number <> head.number + 1 OR NEW.prev <> head.hash
                       OR NEW.hash <> encode(sha256(convert_to(NEW.canonical, 'UTF8')), 'hex') THEN
                        RAISE EXCEPTION 'audit entry % does not follow entry %', NEW.number, head.number
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.number_text

    @property
    def number_text(self) -> str:
        return f"{self.number:,}"

    @property
    def sentence(self) -> str | Promise:
        """What happened, in words."""
        return SENTENCES.get(self.event, self.event)

    @property
    def role_label(self) -> str | Promise:
        """The role the person had then; empty for a part of the system."""
        return Role(self.role).label if self.role in Role.values else self.role

    @property
    def whose(self) -> str:
        """Who acted, and for whom: ``Lina Aziz for Omar Saleh``."""
        said = {"name": self.who, "other": self.delegate_of}
        return gettext("%(name)s for %(other)s") % said if self.delegate_of else self.who

    @property
    def about(self) -> Reference:
        """The object, with the way to its page where it has one."""
        return Reference(self.object_id, address_of(self.object_type, self.object_id))

    @property
    def short_hash(self) -> str:
        return f"{self.hash[:4]}…{self.hash[-4:]}"

    @property
    def changes(self) -> list[Change]:
        """Everything the entry says about before and after, in the order it was said."""
        before, after = named(self.before), named(self.after)
        names = [*after, *(name for name in before if name not in after)]
        return [
            Change(name, shown(before[name]) if name in before else "", shown(after.get(name)))
            for name in names
            if name not in before or before[name] != after.get(name)
        ]

    @property
    def moves(self) -> list[Change]:
        """The changes that had a value before, which is what a history shows; a state needs no name."""
        return [change.told() for change in self.changes if change.before]

    @property
    def tone(self) -> str:
        """The meaning its dot is drawn with."""
        return {self.Result.REFUSED.value: "negative", self.Result.FAILED.value: "warning"}.get(self.result, "")

    @property
    def icon(self) -> str:
        return {"negative": "ban", "warning": "alert-triangle"}.get(self.tone, "point")


def named(said: Any) -> dict[str, Any]:
    """Return what an entry says by its names. Somebody may have put there what has none: a dash is its name then."""
    return {} if said is None else said if isinstance(said, dict) else {NOTHING: said}


def shown(value: Any) -> str:
    """Write a value out of an entry for people: text as it is, nothing as a dash, the rest as JSON."""
    if value in (None, ""):
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


class Head(models.Model):
    """The one row that names the newest entry. Locked last in a transaction, just before its commit."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=FIRST_HASH)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="audit_has_one_head")]
        triggers = [
            pgtrigger.Trigger(
                name="moves_with_its_entry",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF NEW.id <> OLD.id OR NEW.number <> OLD.number + 1 OR NOT EXISTS (
                        SELECT 1 FROM audit_entry WHERE number = NEW.number AND hash = NEW.hash
                    ) THEN
                        RAISE EXCEPTION 'the head of the audit log moves with its entry only'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="rows_are_kept", operation=pgtrigger.Delete),
            truncate_refused(),
        ]
