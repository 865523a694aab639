"""`python -m tests.chaos --histories 1000`: many random histories, outside of pytest, in parallel.

Each seed makes the same history again; what differs is told with its seed, and the rest goes on.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.chaos.alone import Outcome, Task, outcome_of
from tests.databases import KINDS, Databases, read_started, stop_postgresql

TOLD_EVERY = 25
IN_MEMORY = Path("/dev/shm")


@click.command()
@click.option("--histories", default=1000, show_default=True, help="How many.")
@click.option("--first-seed", default=0, show_default=True, help="The others follow it.")
@click.option("--database", "kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Processes.")
def main(*, histories: int, first_seed: int, kind: str, jobs: int) -> None:
    """Live random histories; exit 1 where one ends differently than its perfect twin."""
    started = time.monotonic()
    different: list[int] = []
    for number, outcome in enumerate(_outcomes(histories, first_seed, kind, jobs), start=1):
        if outcome.difference:
            different.append(outcome.seed)
            click.echo(f"--- seed {outcome.seed}\n{outcome.difference}")
        if number % TOLD_EVERY == 0 or number == histories:
            seconds = time.monotonic() - started
            click.echo(f"{number} histories, {len(different)} differ, {seconds:.0f} s on {kind}")
    if different:
        click.echo(f"Different: {' '.join(map(str, different))}")
        sys.exit(1)


def _outcomes(histories: int, first_seed: int, kind: str, jobs: int) -> Iterator[Outcome]:
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.exists() else None) as directory:
        databases = Databases(Path(directory), os.getpid())
        tasks = [Task(first_seed + number, kind, databases) for number in range(histories)]
        # Spawned: a fork would share the threads of a sandbox that is half there.
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as processes:
            yield from processes.map(outcome_of, tasks)
        stop_postgresql(read_started(Path(directory)))


if __name__ == "__main__":
    main()
