"""Who may open which address: the permission matrix the whole product is held to (security.md S1).

One row for each URL name, in the order of the apps. `tests/security/test_s1_matrix.py` asks every address by every
method as everybody, with and without htmx, and compares each cell; `docs/security.md` shows the table. A row is
missing, or has no address: the build fails. So does a view whose `require_role` opens it to other roles.

To add yours::

    "orders:read_again": Row(post=WORKERS),                         # POST only, these roles
    "orders:look_up": Row(get=WORKERS, post=WORKERS),               # a form
    "approvals:approve": Row(post=READERS_OF_MONEY, barred=True),   # whoever asked is refused on their own request

`get`, `post` and `head` are the roles that get in; everybody else who is signed in is refused with 403, and whoever is
not is sent to sign in. A method left out is closed for everybody (405, or 403 where the role is refused first); PUT,
PATCH, DELETE and OPTIONS are open nowhere. "Gets in" means any other answer: a page, a redirect to one of ours, 404
because no such object exists, 422 because the form was empty. Roles belong on the view, by `require_role`, and come
before the object is looked up.
"""

from collections.abc import Collection
from dataclasses import dataclass

from backoffice.accounts.models import Role

Roles = Collection[Role]

FINANCE, MANAGER, AUDITOR, ADMINISTRATOR = Role.FINANCE, Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR
EVERYBODY: Roles = tuple(Role)
NOBODY: Roles = ()
READERS_OF_MONEY: Roles = (FINANCE, MANAGER, AUDITOR)
WORKERS: Roles = (FINANCE, MANAGER)
READERS_OF_THE_LOG: Roles = (MANAGER, AUDITOR, ADMINISTRATOR)


@dataclass(frozen=True)
class Row:
    """Who gets in by each method.

    `public` addresses let strangers in too, `unproven` ones also people whose second factor is not enrolled or not
    shown yet. `barred`: whoever asked for the object is refused there, in whatever role they are by now.
    """

    get: Roles = NOBODY
    post: Roles = NOBODY
    head: Roles = NOBODY
    public: bool = False
    unproven: bool = False
    barred: bool = False

    def roles(self, method: str) -> Roles:
        """The roles that get in by a method, written as HTTP writes it."""
        return {"GET": self.get, "POST": self.post, "HEAD": self.head}.get(method, NOBODY)

    @property
    def opened_to(self) -> frozenset[Role]:
        """The roles that get in by any method: what the view's `require_role` must say."""
        return frozenset([*self.get, *self.post, *self.head])


TABLE: dict[str, Row] = {
    # health
    "healthz": Row(get=EVERYBODY, head=EVERYBODY, public=True, unproven=True),
    "readyz": Row(get=EVERYBODY, head=EVERYBODY, public=True, unproven=True),
    "health:page": Row(get=READERS_OF_THE_LOG),
    "health:partners": Row(post=READERS_OF_THE_LOG),
    "health:self_test": Row(post=[AUDITOR, ADMINISTRATOR]),
    # what browsers report of our own policy
    "policy_report": Row(post=EVERYBODY, public=True, unproven=True),
    # accounts
    "account_login": Row(get=EVERYBODY, post=EVERYBODY, public=True, unproven=True),
    "account_logout": Row(post=EVERYBODY, public=True, unproven=True),
    "account_factor": Row(get=EVERYBODY, post=EVERYBODY, public=True, unproven=True),
    "account_factor_passkey": Row(post=EVERYBODY, public=True, unproven=True),
    "account_demo_code": Row(get=EVERYBODY, public=True, unproven=True),
    "account_enrol": Row(get=EVERYBODY, post=EVERYBODY, unproven=True),
    "account_enrol_passkey": Row(get=EVERYBODY, post=EVERYBODY, unproven=True),
    "account_enrol_passkey_options": Row(post=EVERYBODY, unproven=True),
    "account_factors": Row(get=EVERYBODY),
    "account_authenticator": Row(get=EVERYBODY, post=EVERYBODY),
    "account_passkey_add": Row(get=EVERYBODY, post=EVERYBODY),
    "account_passkey_options": Row(post=EVERYBODY),
    "account_passkey_remove": Row(get=EVERYBODY, post=EVERYBODY),
    "account_recovery_codes": Row(get=EVERYBODY, post=EVERYBODY),
    "account_settings": Row(get=EVERYBODY, post=EVERYBODY),
    "account_company": Row(get=EVERYBODY, public=True),
    "account_company_callback": Row(get=EVERYBODY, public=True),
    "account_password_change": Row(get=EVERYBODY, post=EVERYBODY),
    "account_password_forgotten": Row(get=EVERYBODY, post=EVERYBODY, public=True),
    "account_password_link": Row(get=EVERYBODY, public=True),
    "account_password_set": Row(get=EVERYBODY, post=EVERYBODY, public=True),
    "account_session_end": Row(post=EVERYBODY),
    "account_sessions_end_others": Row(post=EVERYBODY),
    # approvals
    "approvals:list": Row(get=EVERYBODY),
    "approvals:detail": Row(get=EVERYBODY),
    "approvals:preview": Row(post=EVERYBODY),
    "approvals:approve": Row(post=EVERYBODY, barred=True),
    "approvals:reject": Row(get=EVERYBODY, post=EVERYBODY, barred=True),
    "approvals:take_back": Row(get=EVERYBODY, post=EVERYBODY, barred=True),
    "approvals:cancel": Row(post=EVERYBODY),
    "approvals:absences": Row(get=EVERYBODY),
    "approvals:hand_over": Row(get=[MANAGER, ADMINISTRATOR], post=[MANAGER, ADMINISTRATOR]),
    "approvals:end_absence": Row(get=[MANAGER, ADMINISTRATOR], post=[MANAGER, ADMINISTRATOR]),
    "approvals:together": Row(get=[MANAGER]),
    "approvals:together_review": Row(get=[MANAGER]),
    "approvals:together_approve": Row(post=[MANAGER]),
    "approvals:together_results": Row(get=[MANAGER, AUDITOR]),
    # audit
    "audit:list": Row(get=READERS_OF_THE_LOG),
    "audit:day": Row(get=READERS_OF_THE_LOG),
    "audit:events": Row(get=READERS_OF_THE_LOG),
    "audit:keep_question": Row(post=EVERYBODY),
    "audit:forget_question": Row(post=EVERYBODY),
    "audit:entry": Row(get=READERS_OF_THE_LOG),
    "audit:verify": Row(get=READERS_OF_THE_LOG, post=READERS_OF_THE_LOG),
    "audit:verify_marker": Row(get=READERS_OF_THE_LOG),
    # clients
    "clients:list": Row(get=READERS_OF_MONEY),
    "clients:export": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "clients:detail": Row(get=READERS_OF_MONEY, post=WORKERS),
    "clients:balances": Row(post=WORKERS),
    "clients:activate": Row(get=[MANAGER], post=[MANAGER]),
    "clients:deactivate": Row(get=[MANAGER], post=[MANAGER]),
    # dashboard
    "dashboard:home": Row(get=EVERYBODY),
    "dashboard:search": Row(get=READERS_OF_MONEY),
    # exports
    "exports:list": Row(get=READERS_OF_THE_LOG),
    "exports:export": Row(get=READERS_OF_THE_LOG, post=READERS_OF_THE_LOG),
    "exports:audit": Row(get=READERS_OF_THE_LOG, post=READERS_OF_THE_LOG),
    "exports:bundle": Row(post=READERS_OF_THE_LOG),
    "exports:verify": Row(get=READERS_OF_THE_LOG, post=READERS_OF_THE_LOG),
    "exports:schedules": Row(get=EVERYBODY),
    "exports:new_schedule": Row(get=EVERYBODY, post=EVERYBODY),
    "exports:schedule": Row(get=EVERYBODY),
    "exports:schedule_marker": Row(get=EVERYBODY),
    "exports:pause_schedule": Row(post=EVERYBODY),
    "exports:resume_schedule": Row(post=EVERYBODY),
    "exports:end_schedule": Row(post=EVERYBODY),
    "exports:files": Row(get=EVERYBODY),
    "exports:files_marker": Row(get=EVERYBODY),
    "exports:file": Row(get=EVERYBODY),
    "exports:file_marker": Row(get=EVERYBODY),
    "exports:cancel_file": Row(post=EVERYBODY),
    "exports:download": Row(get=EVERYBODY),
    # freezes and halts
    "freezing:page": Row(get=READERS_OF_MONEY),
    "freezing:freeze": Row(post=[MANAGER]),
    "freezing:detail": Row(get=READERS_OF_MONEY),
    "freezing:release": Row(post=WORKERS),
    # funding
    "funding:list": Row(get=READERS_OF_MONEY),
    "funding:export": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "funding:export_approvals": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "funding:deposit": Row(get=[FINANCE], post=[FINANCE]),
    "funding:withdraw": Row(get=[FINANCE], post=[FINANCE]),
    "funding:preview": Row(post=[FINANCE]),
    "funding:clients": Row(get=[FINANCE]),
    "funding:detail": Row(get=READERS_OF_MONEY),
    "funding:marker": Row(get=READERS_OF_MONEY),
    "funding:check": Row(post=WORKERS),
    "funding:bulk": Row(get=READERS_OF_MONEY),
    "funding:bulk_upload": Row(get=[FINANCE], post=[FINANCE]),
    "funding:bulk_template": Row(get=[FINANCE]),
    "funding:bulk_rows": Row(get=READERS_OF_MONEY),
    "funding:bulk_export": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "funding:bulk_file": Row(get=READERS_OF_MONEY),
    "funding:bulk_marker": Row(get=READERS_OF_MONEY),
    "funding:bulk_confirm": Row(post=[FINANCE]),
    "funding:bulk_discard": Row(post=[FINANCE]),
    "funding:cancel": Row(post=WORKERS),
    "funding:close": Row(get=[FINANCE], post=[FINANCE]),
    "funding:evidence": Row(get=READERS_OF_MONEY),
    "funding:settle": Row(post=[MANAGER]),
    "funding:resume": Row(post=[MANAGER]),
    "who_funded:page": Row(get=READERS_OF_MONEY),
    "who_funded:export": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    # orders
    "orders:list": Row(get=READERS_OF_MONEY),
    "orders:export": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "orders:detail": Row(get=READERS_OF_MONEY),
    "orders:look_up": Row(get=WORKERS, post=WORKERS),
    "orders:read_again": Row(post=WORKERS),
    # people
    "people:list": Row(get=READERS_OF_THE_LOG),
    "people:export": Row(get=READERS_OF_THE_LOG, post=READERS_OF_THE_LOG),
    "people:detail": Row(get=READERS_OF_THE_LOG),
    "people:change": Row(get=READERS_OF_THE_LOG),
    "people:control": Row(get=READERS_OF_THE_LOG),
    "people:export_control": Row(post=READERS_OF_THE_LOG),
    "people:invite": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "people:role": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "people:reactivate": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "people:reset_factor": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "people:deactivate": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "people:cancel_change": Row(post=[ADMINISTRATOR]),
    "people:invite_again": Row(post=[ADMINISTRATOR]),
    "people:end_session": Row(post=[ADMINISTRATOR]),
    "people:end_sessions": Row(post=[ADMINISTRATOR]),
    # reconciliation
    "reconciliation:days": Row(get=READERS_OF_MONEY),
    "reconciliation:day": Row(get=READERS_OF_MONEY),
    "reconciliation:prepare_day": Row(get=WORKERS, post=WORKERS),
    "reconciliation:review_day": Row(get=[MANAGER], post=[MANAGER]),
    "reconciliation:send_back_day": Row(post=[MANAGER]),
    "reconciliation:close_day": Row(get=[MANAGER], post=[MANAGER]),
    "reconciliation:check_day": Row(post=WORKERS),
    "reconciliation:reopen_day": Row(get=WORKERS, post=WORKERS),
    "reconciliation:day_report": Row(get=READERS_OF_MONEY),
    "reconciliation:day_report_csv": Row(post=READERS_OF_MONEY),
    "reconciliation:day_report_bytes": Row(post=READERS_OF_MONEY),
    "reconciliation:pictures": Row(get=READERS_OF_MONEY),
    "reconciliation:operation_pack": Row(post=READERS_OF_MONEY),
    "reconciliation:exception_pack": Row(post=READERS_OF_MONEY),
    "reconciliation:day_pack": Row(post=READERS_OF_MONEY),
    "reconciliation:runs": Row(get=READERS_OF_MONEY),
    "reconciliation:export_runs": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "reconciliation:new": Row(get=WORKERS, post=WORKERS),
    "reconciliation:job": Row(get=READERS_OF_MONEY),
    "reconciliation:job_marker": Row(get=READERS_OF_MONEY),
    "reconciliation:run": Row(get=READERS_OF_MONEY),
    "reconciliation:changes": Row(get=READERS_OF_MONEY),
    "reconciliation:export": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "reconciliation:exceptions": Row(get=READERS_OF_MONEY),
    "reconciliation:exception": Row(get=READERS_OF_MONEY),
    "reconciliation:export_exceptions": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "reconciliation:exception_sheet": Row(post=WORKERS),
    "reconciliation:upload_exceptions": Row(get=WORKERS, post=WORKERS),
    "reconciliation:apply_exceptions": Row(post=WORKERS),
    "reconciliation:work_exceptions": Row(get=WORKERS, post=WORKERS),
    "reconciliation:worked_exceptions": Row(get=WORKERS),
    "reconciliation:balances": Row(get=READERS_OF_MONEY),
    "reconciliation:balances_run": Row(get=READERS_OF_MONEY),
    "reconciliation:export_balances": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "reconciliation:prove_balances": Row(post=WORKERS),
    "reconciliation:read_balances": Row(post=WORKERS),
    "reconciliation:bitnob": Row(get=READERS_OF_MONEY),
    "reconciliation:bitnob_run": Row(get=READERS_OF_MONEY),
    "reconciliation:export_bitnob": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "reconciliation:check_bitnob": Row(post=WORKERS),
    "reconciliation:ledgers": Row(get=READERS_OF_MONEY),
    "reconciliation:new_ledger": Row(get=WORKERS, post=WORKERS),
    "reconciliation:ledger_columns": Row(get=WORKERS, post=WORKERS),
    "reconciliation:ledger_upload": Row(get=WORKERS, post=WORKERS),
    "reconciliation:ledger_file": Row(get=READERS_OF_MONEY),
    "reconciliation:accept_ledger_file": Row(post=WORKERS),
    "reconciliation:discard_ledger_file": Row(post=WORKERS),
    "reconciliation:withdraw_ledger_file": Row(post=WORKERS),
    "reconciliation:ledger_entries": Row(get=READERS_OF_MONEY),
    "reconciliation:export_ledger_entries": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    # rules
    "rules:page": Row(get=EVERYBODY),
    "rules:version": Row(get=EVERYBODY),
    "rules:draft": Row(get=EVERYBODY),
    "rules:trial": Row(get=EVERYBODY),
    "rules:begin": Row(post=[ADMINISTRATOR]),
    "rules:submit": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "rules:take_back": Row(post=[ADMINISTRATOR]),
    "rules:discard": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "rules:new_rule": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "rules:rule": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "rules:remove_rule": Row(post=[ADMINISTRATOR]),
    "rules:new_group": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "rules:group": Row(get=[ADMINISTRATOR], post=[ADMINISTRATOR]),
    "rules:remove_group": Row(post=[ADMINISTRATOR]),
    # transactions
    "transactions:list": Row(get=READERS_OF_MONEY),
    "transactions:export": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "transactions:detail": Row(get=READERS_OF_MONEY),
    "transactions:look_up": Row(get=WORKERS, post=WORKERS),
    "transactions:read_again": Row(post=WORKERS),
    # the kit
    "ui:display": Row(post=EVERYBODY),
    "gallery:components": Row(get=EVERYBODY),
    "gallery:plain": Row(get=EVERYBODY),
}

#: The only addresses open to people who are not signed in.
PUBLIC_NAMES = frozenset(name for name, row in TABLE.items() if row.public)
#: What is open to somebody signed in who has not shown a second factor: the door, enrolling, and health.
UNPROVEN_NAMES = frozenset(name for name, row in TABLE.items() if row.unproven)
