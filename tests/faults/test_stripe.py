"""T12, T13: Stripe fails at each of our calls, or our own commit does after Stripe has answered.

Whatever happens, a person who tries again ends where somebody ended to whom nothing happened.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from billing.database import db
from billing.gateway import calls
from billing.services import verification
from billing.settings import Settings
from tests.faults.acts import ACTS, AWAY, Act, Person
from tests.faults.report import Report
from tests.shop import Shop

pytestmark = pytest.mark.one_database

READ_SECONDS, AGAIN_SECONDS = 0.4, 10
TRIES = calls.MAX_NETWORK_RETRIES + 1


@dataclass(frozen=True)
class Trouble:
    """How Stripe fails; `is_after` when it has done what was asked and only the answer is lost."""

    kind: int | str
    is_after: bool = False

    def begin(self, shop: Shop, call: str) -> None:
        when = {"when": "after"} if self.is_after else {}
        seconds = READ_SECONDS * 1.5
        shop.control.fail_next(call, self.kind, times=TRIES, seconds=seconds, **when)


TROUBLES = (
    *(Trouble(kind) for kind in (500, 503, 409, 429, 401, "html", "reset", "timeout")),
    # After a definite 500 the next try has a new key: Stripe would repeat the answer for a day.
    *(Trouble(kind, is_after=True) for kind in ("reset", "timeout")),
)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for Stripe than in production."""
    monkeypatch.setattr(calls, "READ_TIMEOUT_SECONDS", READ_SECONDS)


def calm_end(act: Act, shop: Shop, settings: Settings) -> dict[str, Any]:
    """Return how it ends for somebody to whom nothing happens."""
    person = Person(shop, settings)
    act.before(person)
    answer = act.do(person)
    assert answer.status_code < 400
    assert not tells_of_it(person, answer)
    return person.state()


def try_again(act: Act, person: Person) -> dict[str, Any]:
    """Do it again, for as long as Stripe is still busy with the last time; return how it ends."""
    deadline = time.monotonic() + AGAIN_SECONDS
    while tells_of_it(person, act.do(person)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return person.state()


def tells_of_it(person: Person, answer: TestResponse) -> bool:
    """Whether the answer, or the page that it leads to, says that Stripe is the trouble."""
    if answer.mimetype == "application/problem+json":
        return answer.status_code in {502, 503} and is_about_stripe(answer.get_json()["detail"])
    if answer.status_code == 303 and answer.location.startswith("/"):
        return is_about_stripe(person.open(answer.location).text)
    return "confirming" in answer.text.lower()


def is_about_stripe(text: str) -> bool:
    return any(words in text for words in AWAY)


@pytest.mark.parametrize("act", ACTS, ids=str)
@pytest.mark.usefixtures("_impatient")
def test_stripe_fails_at_each_call(
    act: Act, shop: Shop, settings: Settings, report: Report
) -> None:
    calm = calm_end(act, shop, settings)
    answers: Counter[int] = Counter()
    lost = []
    for call in act.calls:
        for trouble in TROUBLES:
            person = Person(shop, settings)
            act.before(person)
            trouble.begin(shop, call)
            answer = act.do(person)
            answers[answer.status_code] += 1
            is_told = tells_of_it(person, answer)
            shop.control.heal()
            end = try_again(act, person)
            if not is_told or end != calm:
                lost.append((call, trouble, answer.status_code, is_told, end))

    print(calm, *lost, sep="\n")  # noqa: T201 - pytest shows it with a failure
    figures = {"calls": len(act.calls), "faults": answers.total()}
    told = {str(status): count for status, count in sorted(answers.items())}
    report.add(f"Stripe fails: {act}", figures | told, lost=len(lost) + breaches())


@dataclass(eq=False)
class FailingCommit:
    """Our database goes at the k-th commit from now on."""

    left: int

    def __call__(self, _session: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise OperationalError("COMMIT", {}, Exception("the database went away"))


def first_commits(act: Act, shop: Shop, settings: Settings) -> Iterator[tuple[Person, int]]:
    """Yield somebody for whom the first commit failed, then the second, for as long as there is."""
    for number in range(1, 20):
        person = Person(shop, settings)
        act.before(person)
        failing = FailingCommit(number)
        event.listen(db.session, "before_commit", failing)
        status = act.do(person).status_code
        event.remove(db.session, "before_commit", failing)
        if failing.left > 0:
            return
        yield person, status


@pytest.mark.parametrize("act", ACTS, ids=str)
def test_our_commit_fails_after_stripe_has_answered(
    act: Act, shop: Shop, settings: Settings, report: Report
) -> None:
    calm = calm_end(act, shop, settings)
    answers: Counter[int] = Counter()
    lost = []
    for person, status in first_commits(act, shop, settings):
        answers[status] += 1
        end = try_again(act, person)
        if end != calm:
            lost.append((status, end))

    print(calm, *lost, sep="\n")  # noqa: T201 - pytest shows it with a failure
    figures = {"commits": answers.total(), "503": answers[503]}
    report.add(f"our commit fails: {act}", figures, lost=len(lost) + breaches())


def breaches() -> int:
    """Count what is wrong in the books."""
    db.session.rollback()
    return len(list(verification.breaches()))
