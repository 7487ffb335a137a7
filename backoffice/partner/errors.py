"""What a partner's client raises: three families, each error with a sentence for staff.

`PartnerUnavailable`: ask again later. `PartnerRefused`: the partner understood and said no. `PartnerAnswerInvalid`:
an answer arrived that the partner's own documents do not allow, so nothing in it is believed.
"""

from collections.abc import Mapping
from typing import ClassVar

from backoffice.money import gettext_noop
from backoffice.partner.exchange import Exchange

OUT_OF_BUDGET = gettext_noop("We have asked the partner as often as we may for the moment. Try again in a minute.")


class PartnerError(Exception):
    """Something between us and a partner went wrong; ``str()`` is a sentence for staff.

    `code` is the partner's own code, `correlation_id` its name for this exchange where it gave one.
    A screen translates with ``gettext(error.template) % error.parameters``.
    """

    #: Whether whatever else we asked now would meet the same trouble; else it is about the one thing asked for.
    concerns_all: ClassVar[bool] = False

    def __init__(
        self,
        template: str,
        *,
        parameters: Mapping[str, str] | None = None,
        exchange: Exchange | None = None,
        code: int | str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        super().__init__(template % (parameters or {}))
        self.template = template
        self.parameters = dict(parameters or {})
        self.exchange = exchange
        self.code = code
        self.correlation_id = correlation_id

    @property
    def status(self) -> int | None:
        """The HTTP status, if an answer came."""
        return self.exchange.status if self.exchange else None

    @property
    def request_id(self) -> str | None:
        """Our own id of the exchange, as in the log; None if nothing was asked."""
        return self.exchange.request_id if self.exchange else None


class PartnerUnavailable(PartnerError):
    """No usable answer: the line, the deadline, or trouble on the partner's side. Reading again later may help."""

    concerns_all = True


class RateLimited(PartnerUnavailable):
    """Our own budget or the partner's is used up; `retry_after_seconds` says for how long, where that is known."""

    def __init__(self, *, retry_after_seconds: float | None = None, exchange: Exchange | None = None) -> None:
        super().__init__(OUT_OF_BUDGET, exchange=exchange)
        self.retry_after_seconds = retry_after_seconds


class PartnerRefused(PartnerError):
    """The partner answered in its own form and said no. `message` and `detail` are its words, for people only."""

    message: str = ""
    detail: str = ""


class InvalidIdentifier(PartnerRefused):
    """An identifier that cannot be put into a partner's address, so the partner was not asked."""


class PartnerAnswerInvalid(PartnerError):
    """An answer against the partner's own contract: redirects, HTML, broken JSON, missing or wrong fields."""
