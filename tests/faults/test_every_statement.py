"""T8: the process dies at the k-th statement of each use case, for every k; then it is done again.

What one transaction does has happened or has not, never half of it. A webhook is more than one:
what it says is kept first, and then applied; there the books agree at each moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import pytest
from sqlalchemy import event

from billing.database import db
from billing.services import verification
from tests.faults.report import Report
from tests.faults.use_cases import USE_CASES, Scene, UseCase
from tests.shop import Shop


class PowerCut(BaseException):
    """The process ends here; nothing of ours may catch it."""


@dataclass(eq=False)
class Fuse:
    """Counts what is sent to the database, and cuts the power in the place of one of them."""

    cut_at: int = 0
    seen: int = 0

    def __call__(self, *_statement: object) -> None:
        self.seen += 1
        if self.seen == self.cut_at:
            raise PowerCut


@contextmanager
def watched_by(fuse: Fuse) -> Iterator[None]:
    for name in ("before_cursor_execute", "commit"):
        event.listen(db.engine, name, fuse)
    try:
        yield
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(db.engine, name, fuse)


def dies(use_case: UseCase, scene: Scene, *, at: int) -> bool:
    """Do it; return whether it came to that statement, and died there."""
    try:
        with watched_by(Fuse(at)):
            use_case.do(scene)
    except PowerCut:
        # With the process go its connections.
        db.session.remove()
        db.engine.dispose()
        return True
    return False


# A transaction is one on either database, and these are a thousand deaths.
@pytest.mark.one_database
@pytest.mark.parametrize("use_case", USE_CASES, ids=str)
def test_the_process_dies_at_each_statement(use_case: UseCase, shop: Shop, report: Report) -> None:
    calm = Scene(shop, "calm@example.test")
    use_case.before(calm)
    before = calm.state()
    use_case.do(calm)
    after = calm.state()

    half: list[object] = []
    wrong: list[object] = []
    for number in count(1):
        scene = Scene(shop, f"person-{number}@example.test")
        use_case.before(scene)
        if not dies(use_case, scene, at=number):
            break
        if use_case.is_whole and scene.state() not in (before, after):
            half.append((number, scene.state()))
        half.extend((number, str(breach)) for breach in verification.breaches())
        use_case.do(scene)
        if scene.state() != after:
            wrong.append((number, scene.state()))

    print(before, after, *half, *wrong, sep="\n")  # noqa: T201 - pytest shows it with a failure
    assert before != after
    figures = {"deaths": number - 1}
    report.add(f"dies at each statement: {use_case}", figures, lost=len(half) + len(wrong))
