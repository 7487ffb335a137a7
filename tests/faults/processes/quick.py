"""The quick pace in figures, in seconds; `pace.py` puts the product on it, `partner.py` the sandbox."""

from typing import Final

#: How old a signature may be when the partner checks it; 60 in earnest.
WINDOW_SECONDS: Final = 4.0
#: The longest that a request lies at the partner before it is applied.
LANDS_WITHIN_SECONDS: Final = 1.5
#: 300 in earnest: longer than both of the above together.
QUARANTINE_SECONDS: Final = 6
#: 25 in earnest.
DEADLINE_SECONDS: Final = 1.0
#: 10 in earnest.
BEGIN_WITHIN_SECONDS: Final = 1.0
LEASE_SECONDS: Final = DEADLINE_SECONDS + 2 * BEGIN_WITHIN_SECONDS
