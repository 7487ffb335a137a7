"""The people of the demo: one for each role, and a second manager."""

from dataclasses import dataclass

from backoffice.accounts.public_password import PUBLIC_PASSWORD

PASSWORD = PUBLIC_PASSWORD


@dataclass(frozen=True)
class Member:
    email: str
    name: str
    role: str


CAST = [
    Member("maya@example.com", "Maya Haddad", "finance"),
    Member("omar@example.com", "Omar Saleh", "manager"),
    Member("lina@example.com", "Lina Aziz", "manager"),
    Member("vera@example.com", "Vera Novak", "auditor"),
    Member("adam@example.com", "Adam Reyes", "administrator"),
]
