"""`python -m bench`: every ratio against its limit, in one run; exit 1 where a target is missed."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import structlog

from bench import postgresql, sqlite, web, world
from bench.cluster import Cluster, running_cluster
from bench.report import Figure, line, write

PARTS = ("noise", "hot", "batch", "http", "growth", "reads", "sqlite")
SIZES = [10_000, 1_000_000]
LARGEST = 10_000_000


def main() -> int:
    arguments = _parse()
    # A client that logs would measure the log.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.INFO)
    figures = []
    for figure in _measure(arguments):
        figures.append(figure)
        print(line(figure), flush=True)
    write(figures, arguments.json)
    missed = [figure.name for figure in figures if not figure.is_met]
    print(f"{len(figures)} figures, {len(missed)} targets missed; written to {arguments.json}")
    return 1 if missed else 0


def _measure(arguments: argparse.Namespace) -> Iterator[Figure]:
    parts = set(arguments.only or PARTS)
    if parts - {"sqlite"}:
        with running_cluster() as cluster:
            url = cluster.create(postgresql.DATABASE)
            world.build(url)
            yield from _on_postgresql(parts, cluster, url, arguments)
            postgresql.require_true_books(url)
    if "sqlite" in parts:
        with tempfile.TemporaryDirectory(prefix="billhook-bench-") as directory:
            url = f"sqlite:///{directory}/bench.db"
            world.build(url)
            yield from sqlite.hot_path(url, **_pace(arguments))
            postgresql.require_true_books(url)


def _on_postgresql(
    parts: set[str], cluster: Cluster, url: str, arguments: argparse.Namespace
) -> Iterator[Figure]:
    pace = _pace(arguments)
    if "noise" in parts:
        yield from postgresql.noise(cluster, **pace)
    if "hot" in parts:
        yield from postgresql.hot_path(cluster, url, **pace)
    if "batch" in parts:
        yield from postgresql.batches(cluster, url, **pace)
    if "http" in parts:
        yield from web.charges(cluster, url, **pace)
    if "growth" in parts:
        sizes = [*SIZES, LARGEST] if arguments.large else SIZES
        yield from postgresql.growth(cluster, url, sizes=sizes, **pace)
    if "reads" in parts:
        yield from postgresql.reads(url)


def _pace(arguments: argparse.Namespace) -> dict[str, int]:
    return {"seconds": arguments.seconds, "rounds": arguments.rounds}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="these parts; by default all")
    parser.add_argument("--seconds", type=int, default=4, help="how long a round is")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each figure")
    parser.add_argument("--large", action="store_true", help="let the log grow to 10 million rows")
    parser.add_argument("--json", type=Path, default=Path("instance/bench.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
