"""What the people of the demo ask for on a day: much on a Tuesday, little on a Sunday."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

# Monday to Sunday, in percent of an ordinary day.
BY_WEEKDAY = (105, 115, 110, 100, 80, 14, 9)
# Requests of an ordinary day by what the tier offers.
BY_TIER: Mapping[str, Mapping[str, int]] = {
    "free": {"ai_chat": 1},
    "starter": {"ai_chat": 17},
    "pro": {"ai_chat": 96, "ai_mentor": 44, "ai_images": 11},
    "scale": {"ai_chat": 240, "ai_mentor": 120, "ai_images": 34},
}
LARGEST_CALL = 25
FIRST_MONTHS_PERCENT = 70
ONE = 100**4


@dataclass(frozen=True)
class Habit:
    """How much somebody asks for, in percent of what is usual on their tier."""

    percent: int


NONE = Habit(0)
STEADY = Habit(100)
EAGER = Habit(145)


def calls_of_day(
    habit: Habit, tier: str, day: date, *, luck: str, progress_percent: int
) -> Iterator[tuple[str, int]]:
    """Yield each call of the day as its feature and quantity; the same day is always the same.

    Args:
        habit: whose.
        tier: the slug of the tier that they are on.
        day: its weekday counts.
        luck: with whose a day turns out like this and not like that.
        progress_percent: how far the history has come; people use more as they go.
    """
    random = Random(f"{luck}:{day}")  # noqa: S311 - a demo's dice
    growth = FIRST_MONTHS_PERCENT + (100 - FIRST_MONTHS_PERCENT) * progress_percent // 100
    scale = habit.percent * BY_WEEKDAY[day.weekday()] * growth * random.randint(70, 130)
    for feature, usual in BY_TIER[tier].items():
        # What is less than one request a day comes on some days.
        wanted = (usual * scale + random.randrange(ONE)) // ONE
        while wanted > 0:
            quantity = min(wanted, random.randint(1, LARGEST_CALL))
            wanted -= quantity
            yield feature, quantity
