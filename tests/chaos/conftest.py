"""Random histories: how many, and from which seed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from tests.chaos.history import BEGINS_AT
from tests.one_clock import OneClock, sandbox_here
from tests.sandbox_process import SandboxControl, new_test_key

HISTORIES = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos-seed", type=int, help="run the history of this seed only")
    parser.addoption(
        "--chaos-histories", type=int, default=HISTORIES, help="how many histories to run"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" not in metafunc.fixturenames:
        return
    # Without tests/chaos on the command line nobody has asked this file for its options.
    only = metafunc.config.getoption("--chaos-seed", None)
    count = metafunc.config.getoption("--chaos-histories", HISTORIES)
    metafunc.parametrize("seed", range(count) if only is None else [only])


@pytest.fixture(scope="session")
def sandbox_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxControl]:
    with sandbox_here(tmp_path_factory.mktemp("sandbox")) as control:
        yield control


@pytest.fixture
def sandbox(sandbox_of_the_run: SandboxControl) -> Iterator[SandboxControl]:
    """An account of the test's own, whose clock is the test's."""
    control = SandboxControl(sandbox_of_the_run.base_url, new_test_key())
    yield control
    control.reset()


@pytest.fixture
def clock(sandbox: SandboxControl) -> Iterator[OneClock]:
    with time_machine.travel(BEGINS_AT, tick=False) as traveller:
        yield OneClock(traveller, sandbox)
