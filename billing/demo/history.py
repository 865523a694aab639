"""The past of the demo's people, lived through day by day at the payment sandbox and here.

Nothing is written that the services would not write: the clocks of both sides are set back, the
acts are those of `calendar.py`, and what Stripe tells goes through the inbox at the second at which
it was told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from billing import clock
from billing.demo import people
from billing.demo.acts import Shop
from billing.demo.calendar import CALENDAR, LONGEST_AGO, Deed
from billing.demo.habits import calls_of_day
from billing.demo.people import CUSTOMERS, VISITORS, Person
from billing.gateway import Event
from billing.models import User
from billing.services import alerts, emails, expiry, inbox, metering_batch, subscriptions
from billing.services.emails import Letter
from billing.services.metering_batch import BatchRequest
from billing.web.mailer import TemplateMailer

MORNING_HOUR = 9
WORKING_HOURS = (timedelta(hours=3), timedelta(hours=5), timedelta(hours=8))


class History:
    """The days as they pass."""

    def __init__(self, shop: Shop, mailer: TemplateMailer) -> None:
        self._shop = shop
        self._letters = _Written(mailer)
        self._heard: set[str] = set()
        now = clock.now()
        morning = now.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
        self._today = morning if now - morning > WORKING_HOURS[-1] else morning - timedelta(days=1)
        self._time = self.begins_at

    @property
    def begins_at(self) -> datetime:
        return self._today - LONGEST_AGO

    def live_through(self) -> None:
        """Create the people, and let them do what they did."""
        with clock.set_back(self.begins_at):
            users = {person: people.create(person) for person in (*VISITORS, *CUSTOMERS)}
        for days in range(LONGEST_AGO.days, -1, -1):
            morning = self._today - timedelta(days=days)
            for deed in _deeds_of(morning.date(), self._today):
                self._do(deed, users[deed.person])
            self._pass_time(morning + WORKING_HOURS[0])
            self._work(morning, users)
        self.catch_up()

    def catch_up(self) -> None:
        """Come to the present, also where an earlier start was ended on the way."""
        if self._shop.sandbox.is_behind():
            self._pass_time(clock.now())
        self._shop.sandbox.deliver_again()

    def _do(self, deed: Deed, user: User) -> None:
        moment = deed.moment(self._today)
        self._pass_time(moment)
        with clock.set_back(moment):
            deed.act(user, self._shop)
        self._hear(since=moment)

    def _work(self, morning: datetime, users: dict[Person, User]) -> None:
        """Let everybody use what they have, and do what the worker does."""
        calls = list(self._calls(morning, users))
        for number, hour in enumerate(WORKING_HOURS):
            with clock.set_back(morning + hour + _odd_minutes(calls)):
                metering_batch.record_batch(calls[number :: len(WORKING_HOURS)])
        with clock.set_back(morning + WORKING_HOURS[-1] + timedelta(minutes=59)):
            expiry.expire_due()
            subscriptions.end_overdue_graces()
            alerts.tell_pending()
            emails.deliver_pending(self._letters)

    def _calls(self, day: datetime, users: dict[Person, User]) -> Iterator[BatchRequest]:
        progress = 100 - 100 * (self._today - day) // LONGEST_AGO
        for person, user in users.items():
            tier = user.subscription.tier.slug
            for feature, quantity in calls_of_day(
                person.habit, tier, day.date(), luck=person.email, progress_percent=progress
            ):
                yield BatchRequest(user, feature, quantity)

    def _pass_time(self, moment: datetime) -> None:
        self._shop.sandbox.advance(moment)
        self._hear(since=self._time)
        self._time = moment

    def _hear(self, *, since: datetime) -> None:
        """Receive what Stripe has told, each event once and at its own second."""
        newest_first = self._shop.gateway.events.list_since(since)
        news = [event for event in newest_first if event.id not in self._heard][::-1]
        for event in news:
            with clock.set_back(_told_at(event)):
                inbox.receive(event, gateway=self._shop.gateway)
        self._heard.update(event.id for event in news)


class _Written:
    """Writes the e-mails of the past and sends none of them."""

    def __init__(self, mailer: TemplateMailer) -> None:
        self._mailer = mailer

    def send(self, letter: Letter) -> str:
        """Return the subject."""
        return str(self._mailer.write(letter)["Subject"])


def _odd_minutes(calls: Sequence[BatchRequest]) -> timedelta:
    return timedelta(minutes=sum(call.quantity for call in calls) % 59)


def _deeds_of(day: date, today: datetime) -> Sequence[Deed]:
    deeds = [deed for deed in CALENDAR if deed.moment(today).date() == day]
    return sorted(deeds, key=lambda deed: deed.moment(today))


def _told_at(event: Event) -> datetime:
    return datetime.fromtimestamp(json.loads(event.payload)["created"], UTC)
