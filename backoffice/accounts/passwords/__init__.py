"""Passwords: what makes one hard to guess, changing one's own, and setting one by a link (security.md S21, S18)."""

from backoffice.accounts.passwords.links import invitation_link, reset_link

__all__ = ["invitation_link", "reset_link"]
