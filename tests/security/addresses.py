"""Every address of the product, read from its URLconf, with made-up objects in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver, reverse

#: What stands for an object in an address, by the converter of the route. None of these exists.
SAMPLES: dict[str, object] = {
    "str": "none-such",
    "slug": "none-such",
    "partner_client_id": "none-such",
    "int": 999_999_999,
    "uuid": UUID(int=0),
    "business_day": date(2001, 1, 1),
}


@dataclass(frozen=True)
class Address:
    """One route: its full name, how it is written, and paths with objects in it."""

    name: str
    pattern: URLPattern
    route: str

    @cached_property
    def parts(self) -> dict[str, str]:
        """The objects the address names, each with the converter that reads it."""
        return {key: type_of(one) for key, one in self.pattern.pattern.converters.items()}

    @property
    def path(self) -> str:
        """The address with objects that do not exist."""
        return self.path_to({})

    def path_to(self, objects: dict[str, object]) -> str:
        """The address with these objects, and made-up ones where none is given."""
        return reverse(self.name, kwargs={key: objects.get(key, SAMPLES[kind]) for key, kind in self.parts.items()})

    @property
    def required_roles(self) -> frozenset[Any] | None:
        """The roles the view itself lets in (`require_role`); None where it lets everybody in who is signed in."""
        return getattr(self.pattern.callback, "required_roles", None)


def type_of(converter: Any) -> str:
    """The word a route writes for a converter: `PartnerClientIdConverter` is `partner_client_id`."""
    name = type(converter).__name__.removesuffix("Converter")
    known = {"StringConverter": "str", "String": "str", "Int": "int", "UUID": "uuid", "Slug": "slug"}
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
    return known.get(name, snake)


def addresses(resolver: Any, namespace: str = "", prefix: str = "/") -> Iterator[Address]:
    """Walk the URLconf."""
    for one in resolver.url_patterns:
        route = f"{prefix}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from addresses(one, f"{namespace}{one.namespace}:" if one.namespace else namespace, route)
        else:
            yield Address(f"{namespace}{one.name}", one, route)


ADDRESSES = {address.name: address for address in addresses(get_resolver())}
