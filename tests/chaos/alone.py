"""A history by itself: its own database, its own account at a sandbox whose clock is the test's."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

import time_machine

from billing import create_app
from billing.database import db
from billing.services import catalog
from billing.web import gateway
from tests.chaos.history import BEGINS_AT, History
from tests.databases import Databases
from tests.factories import demo_catalog
from tests.one_clock import OneClock, sandbox_here
from tests.sandbox_process import SandboxControl, new_test_key
from tests.settings import forget_environment, make_settings
from tests.shop import WEBHOOK_SECRET, Shop


@dataclass(frozen=True)
class Task:
    """One history to live, on which kind of database."""

    seed: int
    kind: str
    databases: Databases


@dataclass(frozen=True)
class Outcome:
    """How it ended: well, or with what differed."""

    seed: int
    difference: str | None


def outcome_of(task: Task) -> Outcome:
    """Live the history; whatever goes wrong is told, so that the others go on."""
    try:
        _live(task)
    except Exception as error:  # noqa: BLE001 - it is told with its seed
        notes = "\n".join(getattr(error, "__notes__", []))
        return Outcome(task.seed, f"{type(error).__name__}: {error}\n{notes}")
    return Outcome(task.seed, None)


def _live(task: Task) -> None:
    directory, base_url = _own_sandbox(task.databases.directory)
    control = SandboxControl(base_url, new_test_key())
    with (
        time_machine.travel(BEGINS_AT, tick=False) as traveller,
        task.databases.migrated(task.kind, directory) as url,
        _new_shop(url, control) as shop,
    ):
        History.begin(shop, OneClock(traveller, control), task.seed).live_and_tell()
    control.reset()


@contextmanager
def _new_shop(database_url: str, control: SandboxControl) -> Iterator[Shop]:
    """Lend a shop over an empty database, with its catalog at Stripe."""
    settings = make_settings(
        database_url=database_url,
        configured_stripe_api_base=control.base_url,
        configured_stripe_secret_key=control.api_key,
        configured_webhook_secrets=(WEBHOOK_SECRET,),
        log_level="ERROR",
    )
    app = create_app(settings)
    with app.app_context():
        demo_catalog()
        catalog.push(gateway.current())
        try:
            yield Shop(app, control)
        finally:
            # An open connection would leave what it wrote to the next history's file.
            db.session.remove()
            db.engine.dispose()


@cache
def _own_sandbox(directory: Path) -> tuple[Path, str]:
    """Start the sandbox of this process, which lives as long as the process."""
    forget_environment()
    logging.disable(logging.CRITICAL)
    own = directory / f"process-{os.getpid()}"
    own.mkdir()
    sandbox = sandbox_here(own)
    base_url = sandbox.__enter__().base_url
    # A process waits for its threads before it ends, and the sandbox's would serve for ever.
    Finalize(None, sandbox.__exit__, (None, None, None), exitpriority=1)
    return own, base_url
