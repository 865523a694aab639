"""T11: PostgreSQL is restarted under load; the app says 503 meanwhile and needs no restart."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.deployment import Deployment
from tests.faults.postgres import FAST, IMMEDIATE, PostgresProcess
from tests.faults.report import Report
from tests.sandbox.visitor import visit


@pytest.mark.postgresql
@pytest.mark.parametrize("how", [FAST, IMMEDIATE])
def test_postgresql_is_restarted_under_load(
    deployment: Deployment, postgresql: PostgresProcess, report: Report, how: signal.Signals
) -> None:
    with deployment.load() as load:
        load.wait_for(50)
        began = time.monotonic()
        postgresql.stop(how)
        load.wait_for(20, status=503)
        readyz = visit(f"{deployment.web.settings.base_url}/readyz").status
        postgresql.start()
        ready = time.monotonic()
        load.wait_for(50)

    first = load.first_success_after(ready)
    figures = {
        "down": f"{ready - began:.2f} s",
        "charges": len(load.receipts),
        "503": load.statuses[503],
        "first charge after": f"{first:.2f} s",
        "slowest answer": f"{load.slowest:.2f} s",
    }
    assert (503, True) == (readyz, first < 1)
    mode = "fast" if how == FAST else "immediate"
    report.add(f"PostgreSQL stopped ({mode}) and started", figures, lost=deployment.lost(load))
