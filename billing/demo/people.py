"""The people of the demo, whom everybody may be."""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain import passwords
from billing.errors import UserNotFound
from billing.services import users


@dataclass(frozen=True)
class Login:
    """An account with its password, as it is printed."""

    email: str
    password: str
    role: str
    is_admin: bool = False


PEOPLE = (
    Login("demo@billhook.example", "a-quiet-harbour-42", "a customer on Free"),
    Login("admin@billhook.example", "a-wooden-compass-17", "an administrator", is_admin=True),
)


def ensure_people() -> list[Login]:
    """Create whoever of them is missing, and return them all."""
    for person in PEOPLE:
        try:
            users.get(person.email)
        except UserNotFound:
            users.create(
                person.email,
                actor="demo",
                password_hash=passwords.hash_password(person.password),
                is_admin=person.is_admin,
            )
    return list(PEOPLE)
