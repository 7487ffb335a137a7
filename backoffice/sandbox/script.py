"""What a scripted fault asks of a partner's own code while it answers one request."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Script:
    """The defaults leave a partner exactly as documented."""

    #: The status under which an order is stored and answered; only `completed` moves a balance.
    order_status: str = "completed"
    #: How many rows have come in at the front of a list since it was first read; below zero, how many have gone.
    rows_shifted: int = 0
    #: The page whose rows are served, whatever page was asked for.
    page_served: int | None = None
    #: The page size used and reported, whatever was asked for.
    page_size: int | None = None
    #: How many seconds an order stays invisible to look-ups and lists after it was booked.
    lag_seconds: float = 0.0
