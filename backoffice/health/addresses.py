"""Options at the end of a database's address are not read, TLS among them: nothing starts where somebody wrote one.

Whoever relied on it would be connected without a certificate's check, or in plain text.
"""

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

from backoffice.settings import env

ADDRESSES: Final = ("DATABASE_URL", "DATABASE_OWNER_URL")


def refuse_unread_options() -> None:
    """Stop the start where an address has options; they are named without what they were set to.

    :raises ImproperlyConfigured: saying which address, and what to set instead.
    """
    for name in ADDRESSES:
        query = urlsplit(env.str(name, default="")).query
        if query:
            options = ", ".join(key for key, _value in parse_qsl(query, keep_blank_values=True))
            raise ImproperlyConfigured(
                f"{name} has options behind a question mark ({options}), which are not read. Take them away and set "
                "libpq's own variables instead, such as PGSSLMODE=verify-full and PGSSLROOTCERT."
            )
