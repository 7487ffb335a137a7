"""What the documents leave open, switchable in one place while the sandbox runs."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass
class Switches:
    """The readings of the partners' documents in force. The defaults are the contracts' assumptions."""

    #: How CoinMENA joins the parts it signs: a line feed, or nothing (assumption A7).
    sign_separator: str = "\n"
    #: Whether CoinMENA's signed path carries the query string (assumption A5).
    sign_include_query: bool = False
    #: The addresses CoinMENA takes requests from; None takes all.
    coinmena_addresses: list[str] | None = None
    #: `short` leaves fields out of lists and look-ups as the partner's examples do, `full` writes every field.
    order_shape: str = "short"
    #: `openapi`, `older`, or `mixed`: which of Bitnob's two shapes answers for one currency's balance.
    balance_shape: str = "mixed"
    #: `sandbox` or `live`: what Bitnob's whoami says of its environment.
    bitnob_environment: str = "sandbox"
    #: Whether Bitnob's answers carry the top-level `metadata.request_id`.
    bitnob_request_id: bool = True
    #: Whether Bitnob counts requests: 60 a minute with a burst of 10 (assumption B9).
    bitnob_rate_limit: bool = False
    #: Added before every answer of the partners, in milliseconds.
    latency_ms: float = 0.0

    def change(self, wanted: dict[str, Any]) -> None:
        """Set the named switches.

        :raises ValueError: for a name that is none of them; nothing is changed then.
        """
        known = {field.name for field in fields(self)}
        if unknown := sorted(wanted.keys() - known):
            raise ValueError(f"There is no switch {', '.join(unknown)}. There are {', '.join(sorted(known))}.")
        for name, setting in wanted.items():
            setattr(self, name, setting)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
