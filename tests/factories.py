"""What tests start from: plain functions with sensible defaults, made by the services."""

from __future__ import annotations

from functools import cache
from itertools import count
from pathlib import Path

from billing.domain import catalog_file, passwords
from billing.models import User
from billing.services import catalog, users
from tests.rows import Rows

DEMO_CATALOG = Path(catalog_file.__file__).parents[1] / "demo" / "catalog.toml"
PASSWORD = "seven-green-bottles"

_numbers = count(1)
_demo_catalog = Rows(
    lambda: catalog.apply(catalog_file.parse(DEMO_CATALOG.read_bytes()), actor="test")
)


def demo_catalog() -> None:
    """Put the demo catalog on sale."""
    _demo_catalog.put()


def account(email: str | None = None, *, password: str = PASSWORD, is_admin: bool = False) -> User:
    """Return a new user on the free tier, who can log in with `password`."""
    return users.create(
        email or f"person{next(_numbers)}.of.the.billing.department@example.test",
        actor="test",
        password_hash=_hash(password),
        is_admin=is_admin,
    )


@cache
def _hash(password: str) -> str:
    return passwords.hash_password(password)
