"""Passwords: which are good enough, and how they are hashed (argon2id, 19 MiB, two passes).

`common_passwords.txt` holds 6,000 passwords of 12 characters or more out of published leaks
(SecLists): the ranked ones first, then those made of the commonest words, years and rows of keys.
"""

import re
import unicodedata
from functools import cache
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from billing.messages import Message

MIN_LENGTH = 12
MAX_LENGTH = 256
MIN_DISTINCT_CHARACTERS = 5
MIN_LENGTH_BESIDE_CONTEXT = 7
"""How many characters must remain when the words that anybody would try are taken out."""
SERVICE_WORDS = ("billhook", "billing", "app")

_hasher = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)


def find_problem(password: str, email: str) -> str | None:
    """Return what is wrong with a new password, as a sentence for its owner, or None."""
    password = _normalize(password)
    if len(password) < MIN_LENGTH:
        return Message("Make the password %(count)s characters or longer", count=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        return Message("Make the password %(count)s characters or shorter", count=MAX_LENGTH)
    if _is_common(password.casefold()):
        return Message("Choose a password that is harder to guess")
    if _is_mostly_context(password.casefold(), email.casefold()):
        return Message("Choose a password without your email address or the name of this service")
    return None


def hash_password(password: str) -> str:
    """Return an argon2id hash with a salt of its own."""
    return _hasher.hash(_normalize(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Return whether the password is the one behind the hash; without a hash, just as slowly."""
    try:
        _hasher.verify(password_hash or _dummy_hash(), _normalize(password))
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Return whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _dummy_hash() -> str:
    return _hasher.hash("nobody has this password")


def _normalize(password: str) -> str:
    # One keyboard sends é as one character, another as two.
    return unicodedata.normalize("NFC", password)


def _is_common(password: str) -> bool:
    repeats_itself = (password * 2).find(password, 1) < len(password)
    has_few_characters = len(set(password)) < MIN_DISTINCT_CHARACTERS
    return repeats_itself or has_few_characters or password in _common_passwords()


@cache
def _common_passwords() -> frozenset[str]:
    text = resources.files("billing.domain").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())


def _is_mostly_context(password: str, email: str) -> bool:
    words = {word for word in re.split(r"[\W_]+", email) if len(word) > 2} | set(SERVICE_WORDS)
    longest_first = sorted(words | {email}, key=len, reverse=True)
    remaining = re.sub("|".join(map(re.escape, longest_first)), "", password)
    return remaining != password and len(remaining) < MIN_LENGTH_BESIDE_CONTEXT
