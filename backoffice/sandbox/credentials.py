"""The keys of the simulated partners: published test values, good for the sandbox and nothing else."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

COINMENA_PARTNER_ID: Final = "demo-partner"
COINMENA_SEED: Final = bytes(range(32))
#: A second partner of CoinMENA: its orders and clients must look to ours as if they did not exist.
OTHER_PARTNER_ID: Final = "other-partner"
OTHER_PARTNER_SEED: Final = bytes(range(1, 33))

BITNOB_CLIENT_ID: Final = "11111111-2222-4333-8444-555555555555"
BITNOB_CLIENT_SECRET: Final = "sandbox_test_secret_000102030405"  # noqa: S105 - the contract's own test value


def coinmena_public_keys() -> dict[str, Ed25519PublicKey]:
    """Return the public key CoinMENA stores for each partner it knows."""
    seeds = {COINMENA_PARTNER_ID: COINMENA_SEED, OTHER_PARTNER_ID: OTHER_PARTNER_SEED}
    return {partner: Ed25519PrivateKey.from_private_bytes(seed).public_key() for partner, seed in seeds.items()}
