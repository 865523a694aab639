"""The people of the demo, whom everybody may be."""

from __future__ import annotations

from dataclasses import dataclass

from billing.demo.habits import EAGER, NONE, STEADY, Habit
from billing.domain import passwords
from billing.errors import UserNotFound
from billing.models import User
from billing.services import users

PASSWORD = "a-quiet-harbour-42"  # noqa: S105 - printed for everybody


@dataclass(frozen=True)
class Person:
    """An account that is printed with its password; `shows` says why to log in as them."""

    email: str
    shows: str
    habit: Habit = STEADY
    password: str = PASSWORD
    is_admin: bool = False


VISITORS = (
    Person("demo@billhook.example", "Free"),
    Person(
        "admin@billhook.example",
        "the admin's desk",
        habit=NONE,
        password="a-wooden-compass-17",  # noqa: S106 - printed for everybody
        is_admin=True,
    ),
)
"""Who is there in any case."""

PRO = Person("paula@billhook.example", "Pro in mid-period: invoices, tokens, a refund", habit=EAGER)
PAST_DUE = Person("otto@billhook.example", "Starter, past due: the renewal was declined")
CANCELLING = Person("clara@billhook.example", "Pro, cancelled: ends with the period")
DOWNGRADING = Person("dora@billhook.example", "Scale, and Pro from the next period on")
YEARLY = Person("yann@billhook.example", "Pro by the year")
ENDED = Person("lena@billhook.example", "Free again: Starter has ended")

CUSTOMERS = (PRO, PAST_DUE, CANCELLING, DOWNGRADING, YEARLY, ENDED)
"""Who has a history at the payment sandbox."""


def create(person: Person) -> User:
    """Create the account of one of them."""
    return users.create(
        person.email,
        actor="demo",
        password_hash=passwords.hash_password(person.password),
        is_admin=person.is_admin,
    )


def find(person: Person) -> User | None:
    """Return the person's account, None where they have none."""
    try:
        return users.get(person.email)
    except UserNotFound:
        return None
