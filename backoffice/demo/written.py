"""A deed of the story and what it became in the product and at the partner."""

from dataclasses import dataclass

from backoffice.demo.story import Deed
from backoffice.funding.models import Operation


@dataclass
class Written:
    """A deed, its operation, and the number of its order where CoinMENA booked one."""

    deed: Deed
    operation: Operation
    order_id: int | None = None
