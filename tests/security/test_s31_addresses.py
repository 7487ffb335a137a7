"""Whatever a POST can change leaves an entry: each address names the events it writes, or why it writes none (S31).

An address without a row fails the build, and so does a row that names no event. That each event is really written is
what `test_s31_events.py` holds.
"""

from typing import Final

import pytest

from backoffice.accounts.matrix import TABLE
from backoffice.audit.events import SENTENCES

EXPORTED: Final = "export.made export.asked"
DECIDED: Final = "approval.given approval.refused"
#: Addresses that change nothing of ours: each with what it does instead.
NOTHING: Final = {
    "health:partners": "asks both partners whether they know us, and keeps nothing",
    "policy_report": "a browser's report goes to the service log, where nobody signs for it",
    "account_enrol_passkey_options": "a challenge, kept in the session until it is answered",
    "account_passkey_options": "a challenge, kept in the session until it is answered",
    "approvals:preview": "asks the partner and shows the answer",
    "clients:balances": "asks the partner and shows the answer; the mirror keeps it with its age",
    "funding:preview": "shows what would happen",
    "reconciliation:read_balances": "has a worker read balances: the mirror's run says what was read",
    "reconciliation:upload_exceptions": "shows what a sheet would change; applying it is the change",
    "ui:display": "a cookie of one's own browser",
}
WRITTEN: Final = {
    "health:self_test": "selftest.passed selftest.failed",
    "account_login": "person.signed_in person.sign_in_failed person.sign_in_blocked",
    "account_logout": "person.signed_out",
    "account_factor": "factor.failed factor.blocked recovery.used",
    "account_factor_passkey": "factor.failed",
    "account_enrol": "factor.enrolled factor.failed",
    "account_enrol_passkey": "factor.enrolled",
    "account_authenticator": "factor.added factor.removed",
    "account_passkey_add": "factor.added",
    "account_passkey_remove": "factor.removed",
    "account_recovery_codes": "recovery.made",
    "account_settings": "person.zone_chosen",
    "account_password_change": "person.password_changed",
    "account_password_forgotten": "person.reset_asked",
    "account_password_set": "person.password_reset person.password_first_set",
    "account_session_end": "person.sessions_ended",
    "account_sessions_end_others": "person.sessions_ended",
    "approvals:approve": DECIDED,
    "approvals:reject": "operation.rejected closing.rejected account.rejected rules.rejected approval.refused",
    "approvals:take_back": "approval.taken_back",
    "approvals:cancel": "operation.cancelled closing.cancelled account.cancelled rules.cancelled",
    "approvals:hand_over": "delegation.made delegation.refused",
    "approvals:end_absence": "delegation.ended",
    "approvals:together_approve": DECIDED,
    "audit:keep_question": "question.kept",
    "audit:forget_question": "question.forgotten",
    "audit:verify": "audit.verified audit.unverified",
    "clients:detail": "client.looked_up",
    "clients:activate": "client.activated client.activation_failed",
    "clients:deactivate": "client.deactivated client.activation_failed",
    "exports:bundle": "audit.bundled",
    "exports:verify": "file.verified",
    "exports:new_schedule": "schedule.made",
    "exports:pause_schedule": "schedule.paused",
    "exports:resume_schedule": "schedule.resumed",
    "exports:end_schedule": "schedule.ended",
    "exports:cancel_file": "export.cancelled",
    "freezing:freeze": "freeze.made",
    "freezing:release": "freeze.release_asked",
    "funding:deposit": "operation.requested operation.created",
    "funding:withdraw": "operation.requested",
    "funding:check": "operation.looked_up",
    "funding:bulk_upload": "bulk.uploaded",
    "funding:bulk_confirm": "bulk.confirmed",
    "funding:bulk_discard": "bulk.discarded",
    "funding:cancel": "operation.cancelled",
    "funding:close": "closing.asked",
    "funding:settle": "late_order.settled",
    "funding:resume": "funding.resumed",
    "orders:look_up": "order.looked_up",
    "orders:read_again": "order.looked_up",
    "people:export_control": "export.made",
    "people:invite": "account.invitation_asked",
    "people:role": "account.role_asked",
    "people:reactivate": "account.reactivation_asked",
    "people:reset_factor": "account.factor_reset_asked",
    "people:deactivate": "person.deactivated",
    "people:cancel_change": "account.cancelled",
    "people:invite_again": "person.invited_again",
    "people:end_session": "person.sessions_ended",
    "people:end_sessions": "person.sessions_ended",
    "reconciliation:prepare_day": "day.prepared day.refused",
    "reconciliation:review_day": "day.reviewed day.refused",
    "reconciliation:send_back_day": "day.sent_back",
    "reconciliation:close_day": "day.closed day.refused",
    "reconciliation:check_day": "day.check_asked",
    "reconciliation:reopen_day": "day.reopening_asked",
    "reconciliation:day_report_csv": "export.made",
    "reconciliation:day_report_bytes": "export.made",
    "reconciliation:operation_pack": "export.made",
    "reconciliation:exception_pack": "export.made",
    "reconciliation:day_pack": "export.made",
    "reconciliation:new": "reconciliation.asked",
    "reconciliation:exception_sheet": EXPORTED,
    "reconciliation:apply_exceptions": "exception.assigned exception.noted exception.resolved",
    "reconciliation:work_exceptions": "exception.assigned exception.weighed exception.noted exception.referred"
    " exception.read_again exception.carried exception.raised exception.resolution_asked exception.resolved",
    "reconciliation:prove_balances": "reconciliation.balances_proven",
    "reconciliation:check_bitnob": "reconciliation.transactions_checked",
    "reconciliation:new_ledger": "ledger.made",
    "reconciliation:ledger_columns": "ledger.mapped",
    "reconciliation:ledger_upload": "ledger.uploaded",
    "reconciliation:accept_ledger_file": "ledger.accepted",
    "reconciliation:discard_ledger_file": "ledger.discarded",
    "reconciliation:withdraw_ledger_file": "ledger.withdrawn",
    "rules:begin": "rules.draft_begun",
    "rules:submit": "rules.submitted",
    "rules:take_back": "rules.cancelled",
    "rules:discard": "rules.discarded",
    "rules:new_rule": "rules.rule_added",
    "rules:rule": "rules.rule_changed",
    "rules:remove_rule": "rules.rule_removed",
    "rules:new_group": "rules.group_changed",
    "rules:group": "rules.group_changed",
    "rules:remove_group": "rules.group_removed",
    "transactions:look_up": "transaction.looked_up",
    "transactions:read_again": "transaction.looked_up",
}
POSTED: Final = sorted(name for name, row in TABLE.items() if row.post)


def is_list_export(name: str) -> bool:
    """Whether an address answers with the file of a list; all of those share one machinery."""
    return name == "exports:audit" or (name not in WRITTEN and "export" in name.split(":")[-1].split("_"))


@pytest.mark.parametrize("name", POSTED)
def test_s31_every_address_that_changes_something_names_its_events(name: str) -> None:
    events = (EXPORTED if is_list_export(name) else WRITTEN.get(name, "")).split()
    assert bool(events) != (name in NOTHING), "name its events, or say why it writes none"
    assert set(events) <= set(SENTENCES)


def test_s31_no_row_is_left_of_an_address_that_is_gone() -> None:
    assert {*WRITTEN, *NOTHING} <= set(POSTED)
    assert all(NOTHING.values())
