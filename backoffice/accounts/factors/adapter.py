"""How the library's second factors behave here: seeds are sealed, and only a person's own factors are theirs."""

from allauth.mfa.adapter import DefaultMFAAdapter

from backoffice.accounts.factors import seals


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The library stores seeds in clear unless it is told otherwise (security.md, sign-in library traps)."""

    def encrypt(self, text: str) -> str:
        return seals.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return seals.unseal(encrypted_text)
