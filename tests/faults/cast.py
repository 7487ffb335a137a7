"""Who acts in a world, and what can be funded there."""

from dataclasses import dataclass
from typing import Final

from backoffice.accounts.models import Person, Role
from backoffice.clients.models import Asset
from backoffice.database import clock

ASSETS: Final = ("USD", "BHD", "SAR")


@dataclass
class Cast:
    """Who acts. ``leaver`` is a manager whose account may be closed while a schedule runs."""

    maya: Person
    nadia: Person
    omar: Person
    lina: Person
    leaver: Person

    @property
    def managers(self) -> tuple[Person, ...]:
        return self.omar, self.lina, self.leaver


def make_cast() -> Cast:
    """Open their accounts."""
    return Cast(
        maya=_person("Maya Haddad", Role.FINANCE),
        nadia=_person("Nadia Karim", Role.FINANCE),
        omar=_person("Omar Saleh", Role.MANAGER),
        lina=_person("Lina Aziz", Role.MANAGER),
        leaver=make_leaver("sami@example.com"),
    )


def make_leaver(email: str) -> Person:
    """Open the account of a manager who may leave. Who has left is replaced: to come back would take two people."""
    return Person.objects.create_person(email=email, name="Sami Nasser", role=Role.MANAGER, password=None)


def _person(name: str, role: Role) -> Person:
    email = f"{name.split()[0].lower()}@example.com"
    return Person.objects.create_person(email=email, name=name, role=role, password=None)


def make_assets() -> dict[str, Asset]:
    """Mirror the assets, open for both directions."""
    return {asset_id: _asset(asset_id) for asset_id in ASSETS}


def _asset(asset_id: str) -> Asset:
    return Asset.objects.create(
        asset_id=asset_id,
        name=asset_id,
        type="fiat",
        published=True,
        depositable=True,
        withdrawable=True,
        raw=b"{}",
        read_at=clock.now(),
    )
