"""A payment sandbox in the test's own process: Stripe's clock goes where the test's goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import time_machine

from billing.sandbox import SandboxSettings, create_sandbox
from tests.live import HOST, listen, serving
from tests.sandbox_process import SandboxControl, new_test_key


@dataclass(frozen=True)
class OneClock:
    """The clock of Stripe and of the app, which stands still until it is moved."""

    traveller: time_machine.Traveller
    control: SandboxControl

    def move_to(self, moment: datetime) -> None:
        """Let time pass: what comes due at Stripe meanwhile has happened then, each in its time."""
        self.traveller.move_to(moment)
        self.control.advance(seconds=0)


@contextmanager
def sandbox_here(directory: Path) -> Iterator[SandboxControl]:
    """Serve a sandbox from a thread of this process, whose time the test's time-machine moves."""
    with listen() as listener:
        base_url = f"http://{HOST}:{listener.getsockname()[1]}"
        settings = SandboxSettings(
            base_url=base_url,
            database_path=directory / "sandbox.db",
            default_key=new_test_key(),
        )
        app = create_sandbox(settings)
        with serving(app, listener):
            yield SandboxControl(base_url, new_test_key())
        engine = app.extensions["sandbox"]
        engine.timekeeper.stop()
        engine.dispatcher.stop()
