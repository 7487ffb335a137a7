"""Who may open which address: the policy the whole product is held to (security.md S1).

One row for each URL name. `test_matrix.py` asks every address as everybody, by GET and by POST, and compares. A row is
missing: the build fails. A row has no address: it fails as well.

To add yours::

    "orders:export": Row(post=READERS_OF_MONEY),                    # POST only, these roles
    "orders:look_up": Row(get=WORKERS, post=WORKERS),               # a form

`get` and `post` are the roles that get in; everybody else who is signed in is refused with 403, and whoever is not is
sent to sign in. A method left out is closed for everybody (405, or 403 where the role is refused first). "Gets in"
means any other answer: a page, a redirect to one of ours, 404 because no such object exists, 422 because the form was
empty. Who may act on one object (its requester, for example) is tested in that app; roles belong on the view, by
`require_role`, and come before the object is looked up. Objects in addresses are made up: see `SAMPLES`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

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
    """Who gets in by GET and by POST; `public` addresses let strangers in too."""

    get: Roles = NOBODY
    post: Roles = NOBODY
    public: bool = False


#: What stands for an object in an address, by the converter of the route. None of these exists.
SAMPLES: dict[str, object] = {
    "str": "none-such",
    "slug": "none-such",
    "partner_client_id": "none-such",
    "int": 999_999_999,
    "uuid": UUID(int=0),
}

TABLE: dict[str, Row] = {
    # health
    "healthz": Row(get=EVERYBODY, public=True),
    "readyz": Row(get=EVERYBODY, public=True),
    # accounts
    "account_login": Row(get=EVERYBODY, post=EVERYBODY, public=True),
    "account_logout": Row(post=EVERYBODY, public=True),
    "account_settings": Row(get=EVERYBODY, post=EVERYBODY),
    # approvals
    "approvals:list": Row(get=READERS_OF_MONEY),
    "approvals:detail": Row(get=READERS_OF_MONEY),
    "approvals:preview": Row(post=READERS_OF_MONEY),
    "approvals:approve": Row(post=READERS_OF_MONEY),
    "approvals:reject": Row(get=READERS_OF_MONEY, post=READERS_OF_MONEY),
    "approvals:cancel": Row(post=READERS_OF_MONEY),
    # audit
    "audit:list": Row(get=READERS_OF_THE_LOG),
    "audit:entry": Row(get=READERS_OF_THE_LOG),
    "audit:verify": Row(get=READERS_OF_THE_LOG, post=READERS_OF_THE_LOG),
    # clients
    "clients:list": Row(get=READERS_OF_MONEY),
    "clients:export": Row(post=READERS_OF_MONEY),
    "clients:detail": Row(get=READERS_OF_MONEY, post=WORKERS),
    "clients:balances": Row(post=WORKERS),
    "clients:activate": Row(get=[MANAGER], post=[MANAGER]),
    "clients:deactivate": Row(get=[MANAGER], post=[MANAGER]),
    # dashboard
    "dashboard:home": Row(get=EVERYBODY),
    "dashboard:search": Row(get=READERS_OF_MONEY),
    # exports
    "exports:list": Row(get=READERS_OF_THE_LOG),
    "exports:export": Row(post=READERS_OF_THE_LOG),
    "exports:audit": Row(post=READERS_OF_THE_LOG),
    # freezes and halts
    "freezing:page": Row(get=READERS_OF_MONEY),
    "freezing:freeze": Row(post=[MANAGER]),
    "freezing:detail": Row(get=READERS_OF_MONEY),
    "freezing:release": Row(post=WORKERS),
    # funding
    "funding:list": Row(get=READERS_OF_MONEY),
    "funding:export": Row(post=READERS_OF_MONEY),
    "funding:export_approvals": Row(post=READERS_OF_MONEY),
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
    "funding:bulk_export": Row(post=READERS_OF_MONEY),
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
    "who_funded:export": Row(post=READERS_OF_MONEY),
    # orders
    "orders:list": Row(get=READERS_OF_MONEY),
    "orders:export": Row(post=READERS_OF_MONEY),
    "orders:detail": Row(get=READERS_OF_MONEY),
    "orders:look_up": Row(get=WORKERS, post=WORKERS),
    "orders:read_again": Row(post=WORKERS),
    # reconciliation
    "reconciliation:runs": Row(get=READERS_OF_MONEY),
    "reconciliation:export_runs": Row(post=READERS_OF_MONEY),
    "reconciliation:new": Row(get=WORKERS, post=WORKERS),
    "reconciliation:run": Row(get=READERS_OF_MONEY),
    "reconciliation:export": Row(post=READERS_OF_MONEY),
    # transactions
    "transactions:list": Row(get=READERS_OF_MONEY),
    "transactions:export": Row(post=READERS_OF_MONEY),
    "transactions:detail": Row(get=READERS_OF_MONEY),
    "transactions:look_up": Row(get=WORKERS, post=WORKERS),
    "transactions:read_again": Row(post=WORKERS),
    # the kit
    "ui:display": Row(post=EVERYBODY),
    "gallery:components": Row(get=EVERYBODY),
    "gallery:plain": Row(get=EVERYBODY),
}
