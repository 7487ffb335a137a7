"""Recovery codes: ten, shown once, kept as Argon2 digests, each good for one sign-in (security.md S19)."""

import re
import secrets
from datetime import datetime
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher

from backoffice.accounts import mail
from backoffice.accounts.factors.checking import Verdict
from backoffice.accounts.factors.held import unused_recovery_codes
from backoffice.accounts.models import CodeGuard, Person, RecoveryCode
from backoffice.accounts.signals import recovery_code_used
from backoffice.database import clock

HOW_MANY: Final = 10
#: No 0, 1, i, l, o or u: what is read off paper must not be mistaken. 12 of them are 58 random bits.
ALPHABET: Final = "23456789abcdefghjkmnpqrstvwxyz"
GROUP, GROUPS = 4, 4
SHAPE = re.compile(f"[{ALPHABET}]{{{GROUP * GROUPS}}}")


class Hasher(Argon2PasswordHasher):
    """Argon2id at the cost OWASP asks for at least: ten are made in one request, and these are no words of people."""

    memory_cost, time_cost, parallelism = 19 * 1024, 2, 1

    def digest(self, secret: str) -> str:
        return self.encode(secret, self.salt())


HASHER = Hasher()


def normalised(typed: str) -> str:
    """Return a code as it is kept: small letters, no blanks, no dashes. It may still be no code at all."""
    return re.sub(r"[\s‐-―-]", "", typed).casefold()


def is_recovery_code(typed: str) -> bool:
    """Whether what was typed has the shape of a recovery code."""
    return SHAPE.fullmatch(normalised(typed)) is not None


def make(person: Person) -> list[str]:
    """Give a person ten new codes instead of those they had, and return them: they cannot be read again."""
    RecoveryCode.objects.filter(person=person).delete()
    now, codes = clock.now(), dict[str, str]()
    while len(codes) < HOW_MANY:
        code = "".join(secrets.choice(ALPHABET) for _ in range(GROUP * GROUPS))
        codes[code[:GROUP]] = code
    RecoveryCode.objects.bulk_create(
        RecoveryCode(person=person, name=name, digest=HASHER.digest(code[GROUP:]), made_at=now)
        for name, code in codes.items()
    )
    return [in_groups(code) for code in codes.values()]


def in_groups(code: str) -> str:
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def look(guard: CodeGuard, typed: str, now: datetime) -> Verdict:
    """Use a recovery code up. One that does not exist takes as long to refuse as one that does."""
    code = normalised(typed)
    unused = RecoveryCode.objects.filter(person_id=guard.pk, used_at=None, name=code[:GROUP]).first()
    if unused is None:
        HASHER.digest(code[GROUP:])
        return Verdict.WRONG
    if not HASHER.verify(code[GROUP:], unused.digest):
        return Verdict.WRONG
    unused.used_at = now
    unused.save(update_fields=["used_at"])
    mail.tell(guard.person, mail.Letter.FACTOR_CHANGED, {"what": "recovery code used"})
    recovery_code_used.send(sender=RecoveryCode, person=guard.person, left=unused_recovery_codes(guard.person))
    return Verdict.RIGHT
