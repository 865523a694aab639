"""Makes the demo ready to serve, in one process because each start of Python costs a second.

Every step finds its own work done when it runs again, so that the data is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask_migrate import upgrade

from billing import create_app
from billing.database import db
from billing.demo.people import Login, ensure_people
from billing.domain.catalog_file import parse
from billing.services import catalog
from billing.settings import Settings
from billing.web import gateway

CATALOG = Path(__file__).with_name("catalog.toml")


def prepare(settings: Settings, *, before_push: Callable[[], None]) -> list[Login]:
    """Migrate, load the catalog, create its prices in Stripe, and return the demo's people.

    Args:
        before_push: is called when Stripe is about to be needed; it waits for the sandbox.
    """
    # A first start changes much, and every "not there yet" of Stripe is a warning.
    app = create_app(settings.model_copy(update={"log_level": "ERROR"}))
    with app.app_context():
        upgrade()
        catalog.apply(parse(CATALOG.read_bytes()), actor="demo")
        people = [] if settings.is_production else ensure_people()
        before_push()
        catalog.push(gateway.current())
        db.session.remove()
        db.engine.dispose()
    return people
