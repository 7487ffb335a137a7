"""Which clients and assets there are. The clients app stands above this one, so it registers who can be asked."""

from collections.abc import Collection, Mapping
from typing import Protocol


class Directory(Protocol):
    """What rules have to know of clients and assets."""

    def names(self, ids: Collection[str]) -> Mapping[str, str]:
        """Return the name of each of these partner client ids that is a client, in one query; others are left out."""

    def meant_by(self, text: str) -> list[tuple[str, str]]:
        """Return id and name of whom ``text``, an id or a whole name, can mean; more than one asks back."""

    def assets(self) -> list[tuple[str, str]]:
        """Return id and name of every asset, by id."""

    def open_assets(self, kind: str) -> list[str]:
        """Return the ids of the assets that can be deposited or withdrawn now, as ``kind`` says."""


_directories: list[Directory] = []


def register(directory: Directory) -> None:
    """Make known who knows clients and assets; called from ``AppConfig.ready()``."""
    _directories[:] = [directory]


def directory() -> Directory:
    """Return who knows clients and assets.

    :raises IndexError: where nobody was registered, which is no complete product.
    """
    return _directories[0]
