"""T14: a SQLite file that was cut, overwritten or is none is refused, and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from billing.settings import Settings
from tests.faults.deployment import Deployment
from tests.faults.report import Report
from tests.sandbox.visitor import visit

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut in half": lambda content: content[: len(content) // 2],
    "without its first page": lambda content: bytes(4096) + content[4096:],
    "text instead": lambda _content: b"not a database\n" * 1000,
}


@pytest.mark.one_database
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused(
    deployment: Deployment, settings: Settings, report: Report, damage: str
) -> None:
    file = Path(make_url(settings.database_url).database or "")
    deployment.web.kill()
    for log in file.parent.glob(f"{file.name}-*"):
        log.unlink()
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    deployment.web.start()
    ready = visit(f"{settings.base_url}/readyz")

    assert (503, True) == (ready.status, "the database file is damaged" in ready.html)
    report.add(f"SQLite file {damage}", {"readyz": f"{ready.status}, damaged"}, lost=0)
