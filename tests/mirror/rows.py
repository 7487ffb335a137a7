"""Rows to mirror, made up for these tests: clients, because their model takes most kinds of column."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from backoffice.clients.models import Client
from backoffice.clients.services.mirroring import CLIENTS
from backoffice.mirror.targets import Row

NOON: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)


def client_row(partner_client_id: str, *, minute: int = 0, raw: bytes = b"{}", **values: Any) -> Row:
    """A client as read so many minutes after noon."""
    full = {
        "partner_client_id": partner_client_id,
        "partner_id": None,
        "name": "",
        "status": "verified",
        "active": True,
        "country_id": "",
        "created_at": None,
        "updated_at": None,
        **values,
    }
    return Row(full, raw, NOON + timedelta(minutes=minute))


def held() -> list[tuple[Any, ...]]:
    """Everything the mirror of clients holds, by id."""
    columns = (*CLIENTS.columns, "read_at")
    return list(Client.objects.order_by("partner_client_id").values_list(*columns))
