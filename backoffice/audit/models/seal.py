"""Seals: signed statements of how far the log had come, kept in a second place as well (security.md §3).

A chain alone does not show that it was rewritten from somewhere to its end, or cut at its end. A seal does: it names
the newest entry and its hash, it is signed, and it exists twice.
"""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from backoffice.database.models import AppendOnlyModel

#: Number, link, count, hash and the entry's hash are what the rows before say; the canonical text of version 1 is the
#: one its columns give, so that no seal says one thing to SQL and another to whoever checks its signature.
FOLLOWS_THE_SEAL_BEFORE = """
SELECT number, entry, hash INTO last_number, last_entry, last_hash FROM audit_seal ORDER BY number DESC LIMIT 1;
IF NEW.number <> coalesce(last_number, 0) + 1 OR NEW.prev <> coalesce(last_hash, repeat('0', 64))
   OR NEW.count < 0 OR NEW.count <> NEW.entry - coalesce(last_entry, 0)
   OR NEW.head_hash IS DISTINCT FROM (CASE NEW.entry WHEN 0 THEN repeat('0', 64)
      ELSE (SELECT e.hash FROM audit_entry e WHERE e.number = NEW.entry) END)
   OR NEW.canonical <> format(
      '{"at":"%s","count":%s,"entry":%s,"head_hash":"%s","key_id":"%s","number":%s,"prev":"%s","version":%s}',
      to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      NEW.count, NEW.entry, NEW.head_hash, NEW.key_id, NEW.number, NEW.prev, NEW.version)
   OR NEW.hash <> encode(sha256(convert_to(NEW.canonical, 'UTF8')), 'hex') THEN
    RAISE EXCEPTION 'seal % does not follow the seal before it and the log', NEW.number
        USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class Seal(AppendOnlyModel):
    """One signed statement: entry ``entry``, with hash ``head_hash``, was the newest at ``at``.

    ``count`` is how many entries came since the seal before, none in an empty period. ``prev`` is the hash of the seal
    before. ``signature`` is Ed25519 over the bytes of ``canonical``, in Base64, by the key that ``key_id`` names.
    """

    number = models.BigIntegerField(primary_key=True)
    entry = models.BigIntegerField()
    count = models.BigIntegerField()
    head_hash = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)
    key_id = models.CharField(max_length=16)
    prev = models.CharField(max_length=64)
    version = models.SmallIntegerField()
    canonical = models.TextField()
    hash = models.CharField(max_length=64, unique=True)
    signature = models.TextField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["entry", "number"], name="seal_by_entry")]
        constraints = [
            models.CheckConstraint(condition=Q(number__gt=0, entry__gte=F("count")), name="seal_counts_from_one"),
            models.CheckConstraint(condition=~Q(signature=""), name="seal_is_signed"),
        ]
        triggers = [
            *AppendOnlyModel.Meta.triggers,
            pgtrigger.Trigger(
                name="follows_the_seal_before",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("last_number", "bigint"), ("last_entry", "bigint"), ("last_hash", "text")],
                func=FOLLOWS_THE_SEAL_BEFORE,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number:,}"


class SealCopy(AppendOnlyModel):
    """Says that a seal stands in the second place, in the file ``file``. One that is gone is never written again."""

    seal = models.OneToOneField(Seal, primary_key=True, on_delete=models.RESTRICT, related_name="copy")
    file = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.file


class SealSetAside(AppendOnlyModel):
    """A seal that the second place holds and this log does not: it sealed what the restore of a backup took away.

    Written when two people let money flow again after a restore; until then such a seal holds all money.
    """

    number = models.BigIntegerField()
    hash = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.number:,}"


class SealLetter(AppendOnlyModel):
    """The e-mail that took the seals up to ``last`` to the auditors: a third place, once a day."""

    last = models.OneToOneField(Seal, primary_key=True, on_delete=models.RESTRICT, related_name="+")
    count = models.IntegerField()
    at = models.DateTimeField()

    class Meta(AppendOnlyModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.last_id:,}"
