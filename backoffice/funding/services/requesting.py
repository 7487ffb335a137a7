"""Make what a form asks for: CoinMENA is asked first about what it copies, and a form sent again makes nothing new."""

from dataclasses import dataclass

from backoffice.accounts.models import Person
from backoffice.funding import policies, queries
from backoffice.funding.models import Operation
from backoffice.funding.services import creating, predecessors


@dataclass(frozen=True)
class Requested:
    """What a form made; ``was_made``: an earlier sending of it had made this already."""

    operation: Operation
    was_made: bool


def request(intent: creating.Intent, *, by: Person) -> Requested:
    """Create what ``intent`` says once CoinMENA has said of all that it copies whether there is an order of it.

    :raises NotHeard: where CoinMENA did not say.
    :raises Refused, EqualRequest, NotFundable, Conflict: as `creating.create`.
    """
    policies.check_can_ask(by)
    # Asked before: of two clicks at once both may be told that it was made, and neither that it was made earlier.
    was_made = queries.is_made_with(intent.submission_token)
    if intent.copy_of is not None and not was_made:
        policies.check_can_copy(by, intent.copy_of)  # before it is asked for: of what is open, only the resolver asks
        predecessors.ask_after(intent.copy_of)
    return Requested(creating.create(intent, by=by), was_made)
