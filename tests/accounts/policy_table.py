"""The permission matrix is a table in the product: add the row of a new address to `backoffice/accounts/matrix.py`."""

from backoffice.accounts.matrix import TABLE, Row
from tests.security.addresses import SAMPLES

__all__ = ["SAMPLES", "TABLE", "Row"]
