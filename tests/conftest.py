"""What every test can ask for: both databases, the app over a fresh one, its clients, its CLI."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
import stripe
import time_machine
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from billing import create_app
from billing.database import db
from billing.services import verification
from billing.settings import Settings
from tests.compiled import share_compiled, share_url_builders
from tests.databases import KINDS, Databases, read_started, stop_postgresql
from tests.ledger import Ledger
from tests.live import listen, serving
from tests.outbox import Outbox
from tests.page import OriginClient, PageClient
from tests.sandbox_process import SandboxControl, SandboxProcess, new_test_key, start_sandbox
from tests.settings import forget_environment, make_settings
from tests.shelf import Shelf
from tests.shop import WEBHOOK_SECRET, Shop

# Port 1 is privileged and unused: a test that forgets the sandbox is refused at once.
NOBODY_ANSWERS = "http://127.0.0.1:1"

forget_environment()
share_url_builders()
# Stripe's library waits half a second or more before it calls again; no test gains by that.
stripe.HTTPClient.INITIAL_DELAY = 0.01
# What is imported and collected stays until the end: nothing to look for in it.
gc.disable()

# How long an example takes says nothing about the code on a busy machine.
hypothesis.settings.register_profile("billhook", deadline=None)
hypothesis.settings.load_profile("billhook")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database", choices=KINDS, help="run on this kind of database only; by default on both"
    )
    parser.addoption(
        "--thorough", action="store_true", help="the long form: more kills, more examples"
    )


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames:
        only = metafunc.config.getoption("--database")
        kinds = [only] if only else list(KINDS)
        if metafunc.definition.get_closest_marker("one_database"):
            kinds = kinds[:1]
        if metafunc.definition.get_closest_marker("postgresql"):
            kinds = [kind for kind in KINDS if kind == "postgresql"]
        metafunc.parametrize("database_kind", kinds, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    if hasattr(session.config, "workerinput"):
        return (yield)
    # Read first: pytest removes the directory, and the workers are done only afterwards.
    started = read_started(_shared_directory(session.config))
    yield
    stop_postgresql(started)
    return None


def _shared_directory(config: pytest.Config) -> Path:
    """Return the directory that the run's workers have in common."""
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    directory = (base.parent if hasattr(config, "workerinput") else base) / "databases"
    directory.mkdir(exist_ok=True)
    return directory


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Databases:
    worker = getattr(pytestconfig, "workerinput", {})
    return Databases(_shared_directory(pytestconfig), worker.get("mainpid", os.getpid()))


@pytest.fixture
def database(database_kind: str, databases: Databases, tmp_path: Path) -> Iterator[str]:
    """The URL of this test's own migrated database; a test that uses it runs on both kinds."""
    with databases.migrated(database_kind, tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
def listener() -> Iterator[socket.socket]:
    """The port of this worker, on which a test may serve its app."""
    with listen() as listener:
        yield listener


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> Iterator[SandboxControl]:
    """A Stripe account of this test's own; the app of a test that asks for it sells through it."""
    control = SandboxControl(sandbox_process.base_url, new_test_key())
    yield control
    # What is still to be delivered would reach whichever test gets the port next.
    control.reset()


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database: str, listener: socket.socket, tmp_path: Path
) -> Settings:
    stripe: dict[str, object] = {"configured_stripe_api_base": NOBODY_ANSWERS}
    if "sandbox" in request.fixturenames:
        sandbox: SandboxControl = request.getfixturevalue("sandbox")
        stripe = {
            "configured_stripe_api_base": sandbox.base_url,
            "configured_stripe_secret_key": sandbox.api_key,
            "configured_webhook_secrets": (WEBHOOK_SECRET,),
        }
    port = listener.getsockname()[1]
    mail_url = f"outbox:{tmp_path / 'outbox'}"
    return make_settings(database_url=database, port=port, mail_url=mail_url, **stripe)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    share_compiled(app)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(autouse=True)
def _dispose_of_engines() -> Iterator[None]:
    """Close the connections of every app that a test has made, beside the one of `app`."""
    yield
    for engines in list(db._app_engines.values()):
        for engine in engines.values():
            engine.dispose()


@pytest.fixture
def live_app(app: Flask, listener: socket.socket) -> Iterator[Flask]:
    """The app, and it answers over HTTP at `settings.base_url`."""
    with serving(app, listener):
        yield app


@pytest.fixture
def client(app: Flask, settings: Settings) -> FlaskClient:
    app.test_client_class = OriginClient
    return app.test_client(origin=settings.base_url)


@pytest.fixture
def page(client: FlaskClient, settings: Settings) -> PageClient:
    return PageClient(client, settings.base_url)


@pytest.fixture
def outbox(app: Flask, tmp_path: Path) -> Outbox:
    """The e-mails that the app has sent, and what is due is sent first."""
    return Outbox(tmp_path / "outbox")


@pytest.fixture(scope="session")
def shelf(sandbox_process: SandboxProcess) -> Shelf:
    return Shelf(sandbox_process)


@pytest.fixture
def shop(app: Flask, sandbox: SandboxControl, shelf: Shelf) -> Shop:
    """The demo catalog, on sale here and known to Stripe."""
    shelf.fill(sandbox)
    return Shop(app, sandbox)


@pytest.fixture
def cli(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def frozen_time() -> Iterator[time_machine.Traveller]:
    """The clock stands still at a Monday noon; `frozen_time.shift(timedelta(days=1))` moves it."""
    with time_machine.travel(datetime(2026, 6, 15, 12, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def ledger(app: Flask) -> Iterator[Ledger]:
    """A small catalog whose users get quota and tokens; the books must agree after the test."""
    yield Ledger()
    assert [] == list(verification.breaches())


@pytest.fixture
def is_thorough(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--thorough"))
