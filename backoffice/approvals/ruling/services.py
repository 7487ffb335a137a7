"""Change the rules: draft, rules, groups, submit, discard. A draft is locked first, so two people take turns."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from backoffice.accounts import proofs
from backoffice.accounts.models import Person, Proof
from backoffice.approvals.matching import Facts, rule_demanded
from backoffice.approvals.models import Request, Rule, RuleKind, RuleSet, RuleSetState
from backoffice.approvals.policies import Conflict
from backoffice.approvals.ruling import queries
from backoffice.approvals.ruling.content import as_json, digest_of, digest_of_group, fields_of
from backoffice.approvals.ruling.findings import Finding, findings_of_group, findings_of_rule
from backoffice.approvals.ruling.policies import (
    check_can_edit,
    check_can_submit,
    check_is_draft,
    check_is_faultless,
    check_none_is_begun,
)
from backoffice.approvals.services import ask_for_approval
from backoffice.audit.services import record
from backoffice.database import clock


class Overtaken(Conflict):
    """Somebody else changed the same rule or group since it was opened; what was typed can be saved again."""


def begin_draft(*, by: Person) -> RuleSet:
    """Copy the live version into a draft.

    :raises Refused: for anybody but administrators. :raises Conflict: when a draft is there already.
    """
    check_can_edit(by)
    with transaction.atomic():
        held = _locked_live()
        check_none_is_begun(queries.next_version())
        newest = RuleSet.objects.aggregate(newest=Max("version"))["newest"]
        draft = RuleSet.objects.create(version=newest + 1, groups=held.groups, made_by=by, made_at=clock.now())
        Rule.objects.bulk_create(Rule(rule_set=draft, **fields_of(rule)) for rule in held.rules.all())
        record("rules.draft_begun", by=by, obj=draft, after={"copied_from": held.version})
    return draft


def save_rule(*, rule_id: int | None, content: Mapping[str, Any], seen: str, by: Person) -> Rule:
    """Change one rule of the draft, or add one where ``rule_id`` is None.

    :param content: its name and everything it says. :param seen: the digest of the rule when it was opened.
    :raises Refused: for anybody but administrators. :raises Conflict: when there is no draft to change.
    :raises Overtaken: when the rule was changed or removed since. :raises Faulty: with what is wrong with it.
    """
    check_can_edit(by)
    with transaction.atomic():
        draft = _locked_draft()
        former = _rule_as_seen(draft, rule_id, seen) if rule_id is not None else None
        rule = Rule(pk=former.pk if former else None, rule_set=draft, **content)
        _check_rule(draft, rule)
        if former is None or fields_of(former) != fields_of(rule):
            rule.save()
            before = as_json(former) if former else None
            record(
                "rules.rule_changed" if former else "rules.rule_added",
                by=by,
                obj=draft,
                before=before,
                after=as_json(rule),
                reason=rule.name,
            )
    return rule


def remove_rule(*, rule_id: int, seen: str, by: Person) -> None:
    """Take one rule out of the draft.

    :raises Refused, Conflict, Overtaken: as `save_rule`.
    """
    check_can_edit(by)
    with transaction.atomic():
        draft = _locked_draft()
        rule = _rule_as_seen(draft, rule_id, seen)
        before = as_json(rule)
        rule.delete()
        record("rules.rule_removed", by=by, obj=draft, before=before, reason=rule.name)


def save_group(*, name: str, new_name: str, ids: Sequence[str], seen: str, by: Person) -> None:
    """Change one group of the draft, or add one where ``name`` is empty; its rules follow a new name.

    :param seen: the digest of the group when it was opened.
    :raises Refused, Conflict, Overtaken, Faulty: as `save_rule`.
    """
    check_can_edit(by)
    with transaction.atomic():
        draft = _locked_draft()
        former = _group_as_seen(draft, name, seen) if name else None
        _check_group(draft, name, new_name, ids)
        groups = {key: members for key, members in draft.groups.items() if key != name}
        groups[new_name] = sorted(set(ids))
        if groups == draft.groups:
            return
        _write_groups(draft, groups)
        if name and name != new_name:
            draft.rules.filter(group=name).update(group=new_name)
        before = None if former is None else {"group": name, "clients": sorted(former)}
        record(
            "rules.group_changed",
            by=by,
            obj=draft,
            before=before,
            after={"group": new_name, "clients": groups[new_name]},
            reason=new_name,
        )


def remove_group(*, name: str, seen: str, by: Person) -> None:
    """Take one group out of the draft.

    :raises Refused, Conflict, Overtaken: as `save_rule`. :raises Conflict: also while a rule is about it.
    """
    check_can_edit(by)
    with transaction.atomic():
        draft = _locked_draft()
        former = _group_as_seen(draft, name, seen)
        users = sorted(draft.rules.filter(group=name).values_list("name", flat=True))
        if users:
            words = {"group": name, "rules": ", ".join(users)}
            raise Conflict(_("Rules are about the group %(group)s: %(rules)s. Remove or change them first.") % words)
        _write_groups(draft, {key: members for key, members in draft.groups.items() if key != name})
        record("rules.group_removed", by=by, obj=draft, before={"group": name, "clients": sorted(former)}, reason=name)


def discard(*, by: Person) -> RuleSet:
    """Give the draft up. It stays in the database, and its number is not used again.

    :raises Refused: for anybody but administrators. :raises Conflict: when there is no draft.
    """
    check_can_edit(by)
    with transaction.atomic():
        draft = _locked_draft()
        RuleSet.objects.filter(pk=draft.pk).update(state=RuleSetState.DISCARDED)
        record("rules.discarded", by=by, obj=draft)
    return draft


def submit(*, fingerprint: str, note: str, by: Person, proof: Proof) -> Request:
    """Ask that the draft becomes the live version; a manager decides.

    :param fingerprint: of the draft as it was shown to ``by``. :param note: why the rules change.
    :param proof: the second factor ``by`` has just shown for that fingerprint.
    :raises Refused: for anybody but administrators, and for a proof of something else.
    :raises Conflict: when there is no draft, it changed since it was shown, or says what is live already.
    :raises Faulty: with what is wrong with the rules.
    """
    check_can_edit(by)
    with transaction.atomic():
        draft, now = _locked_draft(), clock.now()
        check_can_submit(draft, fingerprint)
        proofs.check_proves(proof, by, fingerprint)
        request = ask_for_approval(
            kind=RuleKind.RULES,
            subject=f"{queries.SUBJECT_PREFIX}-{draft.version}-{queries.requests_about(draft.version).count() + 1}",
            title=f"Rules, version {draft.version}",
            fingerprint=fingerprint,
            rule=rule_demanded(Facts(kind=RuleKind.RULES)),
            by=by,
            now=now,
            reason=note,
            # Whoever began the draft may be a manager by now; nobody approves what they wrote themselves.
            barred=draft.made_by if draft.made_by != by else None,
            asked_with=proof,
        )
        proposed = {"state": RuleSetState.PROPOSED, "fingerprint": fingerprint, "note": note, "approval": request}
        RuleSet.objects.filter(pk=draft.pk).update(**proposed)
        after = {
            "request": request.subject,
            "fingerprint": fingerprint,
            "rule": request.rule,
            "rule_version": request.rule_version,
        }
        record("rules.submitted", by=by, obj=draft, after=after, reason=note)
    return request


def _locked_live() -> RuleSet:
    return RuleSet.objects.select_for_update(no_key=True).get(state=RuleSetState.LIVE)


def _locked_draft() -> RuleSet:
    """Lock the next version and return it if it can be changed.

    :raises Conflict: where it cannot.
    """
    following = RuleSet.objects.select_for_update(of=("self",), no_key=True).filter(state__in=queries.NEXT_STATES)
    return check_is_draft(following.select_related("made_by").first())


def _rule_as_seen(draft: RuleSet, rule_id: int, seen: str) -> Rule:
    rule = draft.rules.filter(pk=rule_id).first()
    if rule is None:
        raise Conflict(_("This rule was removed from the draft meanwhile. Add a new one if it is still wanted."))
    if digest_of(rule) != seen:
        raise Overtaken(_("Somebody changed this rule since you opened it. Save again to write yours over it."))
    return rule


def _group_as_seen(draft: RuleSet, name: str, seen: str) -> list[str]:
    ids: list[str] | None = draft.groups.get(name)
    if ids is None:
        raise Conflict(_("This group was removed from the draft meanwhile. Add a new one if it is still wanted."))
    if digest_of_group(ids) != seen:
        raise Overtaken(_("Somebody changed this group since you opened it. Save again to write yours over it."))
    return ids


def _check_rule(draft: RuleSet, rule: Rule) -> None:
    found = findings_of_rule(rule, draft.groups, queries.world_of([rule]))
    if draft.rules.filter(name=rule.name).exclude(pk=rule.pk).exists():
        sentence, way_on = _("Another rule has this name."), _("Choose a name that only this rule has.")
        found.append(Finding(code="name_taken", sentence=sentence, way_on=way_on, field="name"))
    check_is_faultless(found)


def _check_group(draft: RuleSet, name: str, new_name: str, ids: Sequence[str]) -> None:
    rules = list(draft.rules.all())
    found = findings_of_group(new_name, ids, rules, queries.world_of((), ids))
    if new_name != name and new_name in draft.groups:
        sentence, way_on = _("Another group has this name."), _("Choose a name that only this group has.")
        found.append(Finding(code="name_taken", sentence=sentence, way_on=way_on, field="name"))
    check_is_faultless(found)


def _write_groups(draft: RuleSet, groups: dict[str, list[str]]) -> None:
    draft.groups = groups
    draft.save(update_fields=["groups"])
