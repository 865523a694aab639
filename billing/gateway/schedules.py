"""Subscription schedules: a change at the end of the period.

https://docs.stripe.com/billing/subscriptions/subscription-schedules
"""

from typing import TYPE_CHECKING

from stripe import SubscriptionSchedule

from billing.domain.interval import Interval
from billing.gateway.calls import Calls
from billing.gateway.reading import id_of
from billing.gateway.values import StripeSubscription

if TYPE_CHECKING:
    from stripe.params import SubscriptionScheduleUpdateParamsPhase


class Schedules:
    """What waits for the end of a period."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def change_at_period_end(
        self, subscription: StripeSubscription, price_id: str, interval: Interval
    ) -> None:
        """Move to another price when the paid period ends; a change set before is replaced.

        Args:
            subscription: as it is now; its schedule is used where it has one.
            price_id: the price to move to.
            interval: how often that price is paid.
        """
        schedule = self._schedule_of(subscription)
        present = schedule.phases[0]
        if schedule.current_phase is not None:
            present = next(
                phase
                for phase in schedule.phases
                if phase.start_date == schedule.current_phase.start_date
            )
        phases: list[SubscriptionScheduleUpdateParamsPhase] = [
            {
                "items": [{"price": id_of(present.items[0].price) or "", "quantity": 1}],
                "start_date": present.start_date,
                "end_date": present.end_date,
            },
            {
                "items": [{"price": price_id, "quantity": 1}],
                "duration": {"interval": interval.value, "interval_count": 1},
                "proration_behavior": "none",
            },
        ]
        with self._calls.stripe("subscription_schedules.update") as client:
            client.v1.subscription_schedules.update(
                schedule.id, {"end_behavior": "release", "phases": phases}
            )

    def get_customer_id(self, schedule_id: str) -> str:
        """Return whose schedule it is, also when it has ended.

        Raises:
            StripeObjectNotFound: there is no schedule with this id.
        """
        with self._calls.stripe("subscription_schedules.retrieve") as client:
            schedule = client.v1.subscription_schedules.retrieve(schedule_id)
        return id_of(schedule.customer) or ""

    def release(self, schedule_id: str) -> None:
        """Forget the change that waits; the subscription goes on as it is."""
        with self._calls.stripe("subscription_schedules.release") as client:
            client.v1.subscription_schedules.release(schedule_id)

    def _schedule_of(self, subscription: StripeSubscription) -> SubscriptionSchedule:
        if subscription.schedule_id is not None:
            with self._calls.stripe("subscription_schedules.retrieve") as client:
                return client.v1.subscription_schedules.retrieve(subscription.schedule_id)
        with self._calls.stripe("subscription_schedules.create") as client:
            return client.v1.subscription_schedules.create({"from_subscription": subscription.id})
