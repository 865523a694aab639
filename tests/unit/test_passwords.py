"""Which passwords are good enough, and how they are hashed."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from billing.domain import passwords

EMAIL = "mara@northpier.io"


def test_common_list_ships_with_enough_long_passwords() -> None:
    long_enough = [word for word in passwords._common_passwords() if len(word) >= 12]

    assert len(long_enough) >= 3000


@pytest.mark.parametrize(
    "password",
    [
        "a-horse-and-a-cart",
        "x7" * 5 + "Kqz",
        "   spaces count   ",
        "pÄssWörter zählen",
        "k4J!" * 64,
    ],
)
def test_long_and_rare_is_enough(password: str) -> None:
    rare = password if len(password) < 200 else password[:253] + "end"

    assert passwords.find_problem(rare, EMAIL) is None


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("elevenchars", "12 characters or longer"),
        ("q" * 257, "256 characters or shorter"),
        ("password1234", "harder to guess"),
        ("PassWord1234", "harder to guess"),
        ("qwertyuiopasdf", "harder to guess"),
        ("aaaaaaaaaaaa", "harder to guess"),
        ("abcabcabcabc", "harder to guess"),
        ("billingapp1234", "name of this service"),
        ("Billhook-2026", "name of this service"),
        ("mara.northpier", "your email address"),
        ("mara@northpier.io", "your email address"),
    ],
)
def test_what_anybody_would_try_is_refused(password: str, problem: str) -> None:
    found = passwords.find_problem(password, EMAIL)

    assert found is not None
    assert problem in found


def test_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    first, second = (passwords.hash_password("a calm harbor") for _ in range(2))

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


def test_every_character_counts() -> None:
    long_hash = passwords.hash_password("k" * 64 + "suffix")

    assert passwords.matches("k" * 64 + "suffix", long_hash)
    assert not passwords.matches("k" * 64, long_hash)
    assert not passwords.matches("K" * 64 + "suffix", long_hash)


def test_both_ways_to_type_a_letter_are_one_password() -> None:
    composed = passwords.hash_password("caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait 7")

    assert passwords.matches("cafe\N{COMBINING ACUTE ACCENT} au lait 7", composed)


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$broken"])
def test_nothing_matches_where_there_is_no_hash(stored: str | None) -> None:
    assert not passwords.matches("nobody has this password", stored)


def test_old_parameters_ask_for_a_new_hash() -> None:
    old = PasswordHasher(memory_cost=8192, time_cost=1, parallelism=1).hash("a calm harbor")

    assert passwords.needs_rehash(old)
    assert not passwords.needs_rehash(passwords.hash_password("a calm harbor"))
