"""Who did what, and how long ago: the three months that the demo begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.demo import people
from billing.demo.acts import (
    Act,
    buy,
    cancel,
    change_card,
    change_to,
    return_tokens,
    run_batch,
    subscribe,
)
from billing.demo.people import Person
from billing.domain.interval import Interval
from billing.domain.periods import add_months

LONGEST_AGO = timedelta(days=98)
BETWEEN_PEOPLE = timedelta(minutes=17)


@dataclass(frozen=True)
class Deed:
    """An act of somebody; the months count from the day that lies `days` back."""

    person: Person
    act: Act
    days: int
    months: int = 0

    def moment(self, today: datetime) -> datetime:
        """Return when it was; each person has a time of the morning.

        Args:
            today: the morning of the present day.
        """
        morning = add_months(today - timedelta(days=self.days), -self.months)
        return morning + BETWEEN_PEOPLE * people.CUSTOMERS.index(self.person)


CALENDAR = (
    Deed(people.PRO, subscribe("pro"), days=13, months=2),
    Deed(people.PRO, buy("tokens-100"), days=38),
    Deed(people.PRO, return_tokens, days=37),
    Deed(people.PRO, buy("tokens-2000"), days=17),
    Deed(people.PRO, run_batch(beyond_quota=460), days=16),
    Deed(people.PRO, buy("tokens-500"), days=6),
    Deed(people.PAST_DUE, subscribe("starter"), days=1, months=3),
    Deed(people.PAST_DUE, buy("tokens-500"), days=48),
    Deed(people.PAST_DUE, change_card("pm_card_chargeCustomerFail"), days=11),
    Deed(people.CANCELLING, subscribe("pro"), days=21, months=2),
    Deed(people.CANCELLING, cancel, days=4),
    Deed(people.DOWNGRADING, subscribe("starter"), days=24, months=2),
    Deed(people.DOWNGRADING, change_to("scale"), days=41),
    Deed(people.DOWNGRADING, change_to("pro"), days=5),
    Deed(people.YEARLY, subscribe("pro", Interval.YEAR), days=83),
    Deed(people.YEARLY, buy("tokens-10000"), days=30),
    Deed(people.ENDED, subscribe("starter"), days=19, months=2),
    Deed(people.ENDED, cancel, days=27),
)
