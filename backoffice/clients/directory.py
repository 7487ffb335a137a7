"""What the rules of approvals ask of clients and assets; registered with them when the product starts."""

from collections.abc import Collection, Mapping

from backoffice.clients.models import Asset, Client

#: More than one is enough to ask back.
ENOUGH = 2


class ClientDirectory:
    """Clients and assets as the mirror has them."""

    def names(self, ids: Collection[str]) -> Mapping[str, str]:
        """Return the name of each of these partner client ids that is a client."""
        known = Client.objects.filter(partner_client_id__in=[one for one in ids if "\x00" not in one])
        return dict(known.values_list("partner_client_id", "name"))

    def meant_by(self, text: str) -> list[tuple[str, str]]:
        """Return id and name of the client with that id, also behind a comma; else of those with that name."""
        if "\x00" in text:
            return []
        known = Client.objects.values_list("partner_client_id", "name")
        _named, _comma, identifier = text.rpartition(",")
        for candidate in (text, identifier.strip()):
            found = list(known.filter(partner_client_id=candidate)) if candidate else []
            if found:
                return found
        return list(known.filter(name__iexact=text).order_by("id")[:ENOUGH])

    def assets(self) -> list[tuple[str, str]]:
        """Return id and name of every asset, by id."""
        return list(Asset.objects.order_by("asset_id").values_list("asset_id", "name"))

    def open_assets(self, kind: str) -> list[str]:
        """Return what can be deposited or withdrawn now."""
        flag = "depositable" if kind == "deposit" else "withdrawable"
        usable = Asset.objects.filter(published=True, **{flag: True})
        return list(usable.order_by("asset_id").values_list("asset_id", flat=True))
