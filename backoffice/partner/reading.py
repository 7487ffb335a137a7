"""Whatever keeps an answer from being read is the same to whoever asked: an answer that proves nothing.

A fault of ours counts like one of the partner's. Raised as it is, it would leave by every layer whose last step is to
write down what became of money, and what is in doubt would stay so for as long as the partner answers like that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from pydantic import ValidationError

from backoffice.partner.errors import PartnerAnswerInvalid, PartnerError
from backoffice.partner.exchange import Exchange
from backoffice.partner.pages import OUR_FAULT, reason_of
from backoffice.partner.strict_json import NotStrictJson

log = structlog.get_logger(__name__)


@contextmanager
def reading(exchange: Exchange, invalid: Callable[[Exchange, str], PartnerAnswerInvalid]) -> Iterator[None]:
    """Read an answer, or raise what ``invalid`` makes of the reason; errors of the partner's family pass as they are.

    :raises PartnerAnswerInvalid: for everything else that goes wrong.
    """
    try:
        yield
    except PartnerError:
        raise
    except NotStrictJson as error:
        raise invalid(exchange, str(error)) from error
    except ValidationError as error:
        raise invalid(exchange, reason_of(error)) from error
    except Exception as error:
        log.exception("partner_answer_not_read", request_id=exchange.request_id, path=exchange.path)
        raise invalid(exchange, OUR_FAULT) from error
