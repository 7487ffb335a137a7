"""What is done with clients: mirrored, read afresh, looked up, switched on and off."""

from backoffice.clients.services.activation import ActivationFailed, ReasonMissing, set_activation
from backoffice.clients.services.balances import BalancesRead, read_balances
from backoffice.clients.services.looking_up import NotRead, look_up_client
from backoffice.clients.services.mirroring import mirror_client, sync_assets, sync_clients

__all__ = [
    "ActivationFailed",
    "BalancesRead",
    "NotRead",
    "ReasonMissing",
    "look_up_client",
    "mirror_client",
    "read_balances",
    "set_activation",
    "sync_assets",
    "sync_clients",
]
