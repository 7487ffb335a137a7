"""Write down that a person showed their second factor, for exactly these things."""

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Proof
from backoffice.accounts.models.proof import PROOF_VALID_FOR
from backoffice.accounts.policies import Refused
from backoffice.database import clock


def write_down(person: Person, *fingerprints: str, method: Proof.Method = Proof.Method.CODE) -> Proof:
    """Record that ``person`` has just shown a second factor for what has these ``fingerprints``.

    Called by whoever checked the factor, and by nobody else.
    """
    return Proof.objects.create(person=person, covers=list(fingerprints), method=method, made_at=clock.now())


def check_proves(proof: Proof, person: Person, fingerprint: str) -> None:
    """Refuse what is asked for with somebody else's second factor, with an old one, or with one for something else.

    :raises Refused: then; the database refuses the same, less kindly.
    """
    is_fresh = proof.made_at <= clock.now() <= proof.made_at + PROOF_VALID_FOR
    if proof.person_id != person.pk or fingerprint not in proof.covers or not is_fresh:
        raise Refused(_("Your second factor was not shown for exactly this, or too long ago. Show it again."))
