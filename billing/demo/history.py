"""The past of the demo's people, lived through day by day at the payment sandbox and here.

Nothing is written that the services would not write: the clocks of both sides are set back, the
acts are those of `calendar.py`, and what Stripe tells goes through the inbox at the second at which
it was told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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
WORKED_UNTIL = timedelta(hours=4)


class History:
    """The days as they pass."""

    def __init__(self, shop: Shop, mailer: TemplateMailer) -> None:
        self._shop = shop
        self._letters = _Written(mailer)
        self._heard: set[str] = set()
        now = clock.now()
        morning = now.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
        self._today = morning if now - morning > WORKED_UNTIL else morning - timedelta(days=1)
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
            self._work(morning + WORKED_UNTIL, users)
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

    def _work(self, moment: datetime, users: dict[Person, User]) -> None:
        """Let everybody use what they have, and do what the worker does."""
        self._pass_time(moment)
        progress = 100 - 100 * (self._today - moment) // LONGEST_AGO
        with clock.set_back(moment):
            requests = [
                BatchRequest(user.id, feature, quantity)
                for person, user in users.items()
                if not person.is_admin
                for feature, quantity in calls_of_day(
                    person.habit,
                    user.subscription.tier.slug,
                    moment.date(),
                    progress_percent=progress,
                )
            ]
            metering_batch.record_batch(requests)
            expiry.expire_due()
            subscriptions.end_overdue_graces()
            alerts.tell_pending()
            emails.deliver_pending(self._letters)

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


def _deeds_of(day: date, today: datetime) -> Sequence[Deed]:
    deeds = [deed for deed in CALENDAR if deed.moment(today).date() == day]
    return sorted(deeds, key=lambda deed: deed.moment(today))


def _told_at(event: Event) -> datetime:
    return datetime.fromtimestamp(json.loads(event.payload)["created"], UTC)
