"""The demo catalog on sale at Stripe: pushed once a worker, copied for every account after that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field

from billing.services import catalog
from billing.web import gateway
from tests.factories import demo_catalog
from tests.rows import Rows
from tests.sandbox_process import SandboxControl, SandboxProcess

COPY = (
    "INSERT INTO objects (account, id, kind, created, body, private)"
    " SELECT ?, id, kind, created, body, private FROM objects WHERE account = ? ORDER BY seq",
    "INSERT INTO idempotency (account, key, fingerprint, status, body, created)"
    " SELECT ?, key, fingerprint, status, body, created FROM idempotency WHERE account = ?",
)
# No key leads to an account of that name, so nobody resets it.
SHELF = "shelf"


@dataclass
class Shelf:
    """What a push leaves behind: our rows, and Stripe's objects in the store of the sandbox."""

    sandbox: SandboxProcess
    _rows: Rows = field(default_factory=lambda: Rows(_sell))

    def fill(self, control: SandboxControl) -> None:
        """Put the catalog on sale in the test's app, and at its account of Stripe."""
        if control.base_url != self.sandbox.base_url:
            # A sandbox of the test's own, with a time of its own.
            _sell()
            return
        account = control.reset()["account"]
        is_pushed = self._rows.put()
        with closing(sqlite3.connect(self.sandbox.database, timeout=30)) as store, store:
            source, target = (account, SHELF) if is_pushed else (SHELF, account)
            for statement in COPY:
                store.execute(statement, (target, source))


def _sell() -> None:
    demo_catalog()
    catalog.push(gateway.current())
