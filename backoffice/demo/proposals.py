"""What the demo's administrator has proposed and waits for a manager: somebody new in finance."""

from uuid import uuid4

from backoffice.accounts import proofs
from backoffice.accounts.models import Person, Role
from backoffice.people.proposals import invitation
from backoffice.people.services.proposing import propose


def propose_somebody_new(adam: Person) -> None:
    """Have Adam propose a deputy, with his second factor."""
    proposal = invitation(
        token=uuid4(),
        name="Deputy of finance",
        email="deputy.finance@example.com",
        role=Role.FINANCE,
        reason="Joins finance on the first of the month",
        by=adam,
    )
    propose(proposal, by=adam, proof=proofs.write_down(adam, proposal.fingerprint))
