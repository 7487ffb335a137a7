"""Bitnob's refusals (https://docs.bitnob.com/docs/getting-started/api-best-practices/errors-and-retries).

The code decides, and where it is in no list the HTTP status; the texts are for people only.
"""

from typing import Final

from backoffice.money import gettext_noop
from backoffice.partner.errors import PartnerAnswerInvalid, PartnerRefused


class BadRequest(PartnerRefused):
    """400: malformed or unsupported."""


class Unauthorized(PartnerRefused):
    """401: header missing, signature wrong, time off or nonce used."""

    concerns_all = True


class Forbidden(PartnerRefused):
    """403: feature off, or our address not allowed."""

    concerns_all = True


class NotFound(PartnerRefused):
    """404: nothing under this id, reference or currency on our account."""


class Conflict(PartnerRefused):
    """409: a repeated reference, which means that the original exists."""


class Gone(PartnerRefused):
    """410: too late."""


class Unprocessable(PartnerRefused):
    """422: understood, but not possible now."""


class WrongEnvironment(PartnerAnswerInvalid):
    """The credentials belong to another environment than the settings say, so nothing else is asked of it."""

    concerns_all = True


_BY_CODE: Final[dict[str, type[PartnerRefused]]] = {
    "BAD_REQUEST": BadRequest,
    "UNAUTHORIZED": Unauthorized,
    "FORBIDDEN": Forbidden,
    "NOT_FOUND": NotFound,
    "CONFLICT": Conflict,
    "UNPROCESSABLE_ENTITY": Unprocessable,
}
_BY_STATUS: Final[dict[int, type[PartnerRefused]]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Unprocessable,
}

_SENTENCES: Final[dict[type[PartnerRefused], str]] = {
    Unauthorized: gettext_noop("Bitnob did not accept our signature or clock. Tell an administrator."),
    Forbidden: gettext_noop("Bitnob does not allow this from our address or account. Tell an administrator."),
    NotFound: gettext_noop("Bitnob has nothing under this id or reference on our account."),
}
_OTHER: Final = gettext_noop("Bitnob refused this with code %(code)s: %(words)s")

WRONG_ENVIRONMENT: Final = gettext_noop(
    "Bitnob's credentials are for “%(found)s”, but the settings say “%(expected)s”. Nothing was read."
)


def refusal_kind(status: int | None, code: str) -> type[PartnerRefused]:
    """Return the kind of refusal for a partner's code; for one that is in no list, the HTTP status decides."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status or 0, PartnerRefused)


def refusal_sentence(kind: type[PartnerRefused]) -> str:
    """Return the sentence for staff as a template; other refusals repeat the partner's code and words."""
    return _SENTENCES.get(kind, _OTHER)
