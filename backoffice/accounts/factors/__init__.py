"""The second factor: authenticator codes, passkeys and recovery codes (security.md S18 to S20)."""
