"""How much of a password is left once everything is taken out that a guesser tries first.

Lists of leaked passwords hold hardly any of 15 characters or more: people get there by making a short one longer. So
the list (the 20,000 most common that come with Django) is looked for *inside* the password, as are the words that
everybody knows of the person and the company, runs of keys, and repetitions. What is left is counted in letters; one
leaked word is worth as much as three, so that a phrase of several words passes and one word with a year does not.
"""

import re
from functools import cache
from typing import Final

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator

from backoffice.accounts.models import Person
from backoffice.accounts.public_password import PUBLIC_PASSWORD

#: How many letters must be left.
ENOUGH: Final = 8
#: What one leaked word is worth, in letters: 20,000 possibilities are about as many as three letters have.
LEAKED_WORD: Final = 3
SHORTEST_LEAKED, LONGEST_LEAKED = 4, 20
SHORTEST_CONTEXT: Final = 3
SHORTEST_RUN: Final = 4

ROWS: Final = ("abcdefghijklmnopqrstuvwxyz", "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgb")
#: The product, the partners, and what a password for them suggests.
PRODUCT: Final = ("backoffice", "back", "office", "coinmena", "bitnob", "finance", "funding", "password", "example")
#: Digits and signs that stand for letters.
DISGUISES: Final = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})
GAP: Final = "\n"


def is_easy_to_guess(password: str, person: Person | None = None) -> bool:
    """Whether a guesser who knows the person, the company and what leaked would try this one soon."""
    plain = password.casefold()
    if plain == PUBLIC_PASSWORD.casefold():
        return True
    context = context_words(person)
    return min(left_of(plain, context), left_of(plain.translate(DISGUISES), context)) < ENOUGH


def left_of(text: str, context: frozenset[str]) -> int:
    """Count, in letters, what is hard to guess in a text."""
    rest, _found = take_out(text, context)
    rest, leaked = take_out(without_runs(once(rest)), leaked_passwords())
    counts = str.isalpha if any(letter.isalpha() for letter in text) else str.isalnum
    return leaked * LEAKED_WORD + sum(map(counts, rest))


def take_out(text: str, words: frozenset[str]) -> tuple[str, int]:
    """Take words out of a text, the longest first, each wherever it stands; return the rest and how many there were."""
    found = 0
    for size in range(min(len(text), LONGEST_LEAKED), 0, -1):
        start = 0
        while start + size <= len(text):
            piece = text[start : start + size]
            if piece in words:
                text, found = text.replace(piece, GAP), found + 1
            else:
                start += 1
    return text, found


def once(text: str) -> str:
    """Say only once what a text says several times over."""
    repeated = re.fullmatch(r"(.+?)\W*(?:\1\W*)+", text, re.DOTALL)
    return re.sub(r"(.)\1{2,}", r"\1", repeated[1] if repeated else text)


def without_runs(text: str) -> str:
    """Take out rows of keys and of the alphabet, forwards and backwards."""
    return take_out(text, runs())[0]


@cache
def runs() -> frozenset[str]:
    lines = [line for row in ROWS for line in (row, row[::-1])]
    return frozenset(
        line[start:end]
        for line in lines
        for start in range(len(line))
        for end in range(start + SHORTEST_RUN, len(line) + 1)
    )


@cache
def leaked_passwords() -> frozenset[str]:
    """The list that comes with Django, and is renewed with it."""
    return frozenset(word for word in CommonPasswordValidator().passwords if len(word) >= SHORTEST_LEAKED)


def context_words(person: Person | None) -> frozenset[str]:
    """List the words that everybody knows: of the product, the company and the person."""
    said = [*PRODUCT, settings.COMPANY_NAME, *([person.name, person.email] if person else [])]
    words = {word for text in said for word in re.split(r"[\W_]+", text.casefold())}
    return frozenset(word for word in words if len(word) >= SHORTEST_CONTEXT)
