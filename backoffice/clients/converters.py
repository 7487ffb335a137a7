"""Client ids in addresses: whatever CoinMENA takes for an id, slashes and line ends included."""


class PartnerClientId:
    """An id of any characters but NUL, which no database text holds.

    The address percent-encodes it; the server has decoded it by the time it gets here.
    """

    regex = r"[^\x00]+"

    def to_python(self, text: str) -> str:
        return text

    def to_url(self, partner_client_id: str) -> str:
        return partner_client_id
