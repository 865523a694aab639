#!/usr/bin/env python3
"""Check a deployed Billhook from inside, on its configured database, and leave nothing behind.

    python scripts/test_billing_comprehensive.py

Each check makes a catalog and users of its own in one transaction, which is rolled back. Says a
line a check, writes docs/BILLING_BACKEND_TEST_SUMMARY.md, exits with 1 where a check failed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# What is tried here is no traffic: it must not count in the metrics of the deployed processes.
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)

from flask import Flask
from sqlalchemy import text

from billing import clock, create_app
from billing.database import db
from billing.web import settings
from scripts.comprehensive import CHECKS
from scripts.comprehensive.checks import Outcome, Result
from scripts.comprehensive.instance_checks import READY, nothing_is_left, row_counts

SUMMARY = ROOT / "docs" / "BILLING_BACKEND_TEST_SUMMARY.md"

PAGE = """\
# Summary of the comprehensive check

Written by `python scripts/test_billing_comprehensive.py`, which checks a deployed instance from
inside, on its configured database. Each check that writes makes a catalog and users of its own in
one transaction, which is rolled back: only the numbers of PostgreSQL's sequences move on.

Last run: {moment} UTC, {database}, migration {migration}, as {environment}.

**{verdict}**

| | check | what was seen |
|---|---|---|
{rows}
"""


def run_all() -> Iterator[Result]:
    """Run every check; a database that is not ready ends it at once."""
    ready = READY.run()
    yield ready
    if ready.outcome != Outcome.PASSED:
        return
    before = row_counts()
    for each in (*CHECKS, nothing_is_left(before)):
        yield each.run()


def say(result: Result) -> Result:
    """Print the line of the result, and what was logged where it failed."""
    print(result, flush=True)
    if result.log:
        print(result.log, end="", file=sys.stderr, flush=True)
    return result


def verdict(results: Sequence[Result]) -> str:
    """Return how many checks ended how."""
    numbers = Counter(result.outcome for result in results)
    passed, failed, skipped = (numbers[outcome] for outcome in Outcome)
    return f"{passed} passed, {failed} failed, {skipped} skipped."


def summary(results: Sequence[Result]) -> str:
    """Return the run as a page of the documentation, which names no machine."""
    with db.engine.connect() as connection:
        migration = connection.scalar(text("SELECT version_num FROM alembic_version"))
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
    names = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
    return PAGE.format(
        moment=f"{clock.now():%Y-%m-%d %H:%M}",
        database=f"{names[db.engine.dialect.name]} {version}",
        migration=migration,
        environment=settings.current().environment,
        verdict=verdict(results),
        rows="\n".join(f"| {each.outcome} | {each.name} | {each.words} |" for each in results),
    )


def write(page: str, path: Path) -> None:
    """Write the summary; a container whose disk is read-only has said it all on the terminal."""
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        print(f"The summary was not written: {error.strerror}.")
    else:
        print(f"The summary is in {path.name}.")


def check(app: Flask, path: Path) -> int:
    """Run the checks within the app, and return the exit code."""
    with app.app_context():
        results = [say(result) for result in run_all()]
        print(f"\n{verdict(results)}")
        if results[0].outcome == Outcome.PASSED:
            write(summary(results), path)
    return 1 if any(result.outcome == Outcome.FAILED for result in results) else 0


def main() -> int:
    """Read the arguments, and check the instance that the environment configures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--summary", type=Path, default=SUMMARY, help="where the summary goes")
    options = parser.parse_args()
    return check(create_app(), options.summary)


if __name__ == "__main__":
    sys.exit(main())
