"""Sign-in with the company account (OpenID Connect), where `OIDC_ISSUER` names a provider (docs/adr/0021).

The provider vouches for an e-mail address; whoever has an open account under it goes on to the second factor, as after
a password. Nobody gets an account, a role or a factor by it, and nothing it says is kept.
"""
