"""Makes the demo ready to serve, in one process because each start of Python costs a second.

Every step finds its own work done when it runs again, so that the data is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection

from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import event

from billing import clock, create_app
from billing.database import db
from billing.demo import people
from billing.demo.acts import Shop
from billing.demo.history import History
from billing.demo.people import CUSTOMERS, VISITORS, Person
from billing.demo.sandbox import Sandbox
from billing.domain.catalog_file import parse
from billing.services import catalog
from billing.settings import Settings
from billing.web import gateway

CATALOG = Path(__file__).with_name("catalog.toml")


def prepare(settings: Settings, *, before_push: Callable[[], None]) -> list[Person]:
    """Migrate, load the catalog, create its prices in Stripe, and return the demo's people.

    Args:
        before_push: is called when Stripe is about to be needed; it waits for the sandbox.
    """
    # A first start changes much, and every "not there yet" of Stripe is a warning.
    app = create_app(settings.model_copy(update={"log_level": "CRITICAL"}))
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _wait_less_for_the_disk)
        upgrade()
        before_push()
        if settings.uses_sandbox:
            _sell_and_remember(settings)
        else:
            _sell()
        known = [] if settings.is_production else _ensure_people()
        db.session.remove()
        db.engine.dispose()
    return known


def _wait_less_for_the_disk(connection: Connection, _record: object) -> None:
    """Spare a thousand commits their wait: a power cut just now may cost the demo its past."""
    connection.execute("PRAGMA synchronous = NORMAL")


def _sell() -> None:
    catalog.apply(parse(CATALOG.read_bytes()), actor="demo")
    catalog.push(gateway.current())


def _sell_and_remember(settings: Settings) -> None:
    """Sell; where both sides are new, since three months, and people with that past come."""
    sandbox = Sandbox(settings.stripe_api_base or "", settings.stripe_secret_key)
    shop = Shop(settings, gateway.current(), sandbox)
    history = History(shop, current_app.extensions["billing_mailer"])
    is_new = not _known_people() and sandbox.begin(history.begins_at)
    if is_new:
        with clock.set_back(history.begins_at):
            _sell()
        history.live_through()
    else:
        _sell()
        history.catch_up()


def _ensure_people() -> list[Person]:
    for person in VISITORS:
        if people.find(person) is None:
            people.create(person)
    return _known_people()


def _known_people() -> list[Person]:
    everybody = (*VISITORS[:1], *CUSTOMERS, *VISITORS[1:])
    return [person for person in everybody if people.find(person) is not None]
