"""A random history that two customers share: everything happens to both at the same moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import stripe

from billing import clock as our_clock
from billing.domain.interval import Interval
from billing.errors import BillingError
from billing.models import User
from billing.services import (
    catalog,
    metering,
    plan_changes,
    reconciliation,
    subscriptions,
    usage,
    verification,
)
from tests.chaos.account import account_of
from tests.chaos.post import Post
from tests.one_clock import OneClock
from tests.shop import Shop

BEGINS_AT = datetime(2027, 1, 31, 10, tzinfo=UTC)
STEPS = 14
LONGEST_SILENCE = timedelta(days=25)
TIERS = ("starter", "pro", "scale")
PACKAGES = ("tokens-100", "tokens-500", "tokens-2000")


@dataclass
class History:
    """Two customers: whatever `calm` does and suffers, `tossed` does and suffers too."""

    seed: int
    shop: Shop
    clock: OneClock
    random: Random
    post: Post
    calm: User
    tossed: User
    told: list[str] = field(default_factory=list)
    reconciled_at: datetime = BEGINS_AT

    @classmethod
    def begin(cls, shop: Shop, clock: OneClock, seed: int) -> History:
        random = Random(seed)
        post = Post(shop, random)
        return cls(seed, shop, clock, random, post, shop.user("calm"), shop.user("tossed"))

    def live(self) -> None:
        """Let a few months happen, and end with both in the same state."""
        for _ in range(STEPS):
            step = self.random.choice(self._possible())
            step()
        self._make_equal()
        left = [str(each) for each in reconciliation.reconcile(gateway=self.shop.gateway)]
        assert not left, left

    def live_and_tell(self) -> None:
        """Live; who differs also says what happened to them."""
        try:
            self.live()
        except BaseException as error:
            error.add_note(f"Again with --chaos-seed {self.seed}:\n" + "\n".join(self.told))
            raise

    def _possible(self) -> list[Any]:
        plan = self.calm.subscription
        steps = [self.pass_time, self.pass_time, self.buy_tokens, self.spend]
        if not plan.is_paid:
            return [*steps, self.subscribe, self.subscribe, *self._with_payments()]
        steps += [self.move_at_once, self.plan_a_change, self.cancel, self.keep, self.end_now]
        steps += [self.fail_next, self.fail_next, self.pass_time]
        return steps + self._with_payments()

    def _with_payments(self) -> list[Any]:
        if not self.calm.stripe_customer_id:
            return []
        return [self.refund, self.fail_refund, self.dispute, self.decide_dispute]

    # What happens to both.

    def pass_time(self) -> None:
        """From an hour to three weeks."""
        moment = our_clock.now() + timedelta(hours=self.random.choice((1, 24, 80, 200, 500)))
        self._note(f"it is {moment:%Y-%m-%d %H:%M}")
        if moment - self.reconciled_at > LONGEST_SILENCE:
            self._make_equal()
        self.clock.move_to(moment)
        subscriptions.end_overdue_graces()
        events = self.post.collect()
        mine = [each for each in events if self._customer_of(each) == self.calm.stripe_customer_id]
        self.post.deliver(mine)
        self.post.toss([each for each in events if each not in mine])

    def subscribe(self) -> None:
        """A checkout asks what plan there is already, and so both must know it."""
        self._make_equal()
        tier, interval = self.random.choice(TIERS), self.random.choice(("month", "month", "year"))
        self._note(f"subscribe to {tier} by the {interval}")
        self._both(lambda user: self.shop.pay(self.shop.choose_tier(user, tier, interval)))

    def buy_tokens(self) -> None:
        package = self.random.choice(PACKAGES)
        self._note(f"buy {package}")
        self._both(lambda user: self.shop.pay(self.shop.choose_package(user, package)))

    def spend(self) -> None:
        """Use quota and tokens, as far as they go."""
        self._make_equal()
        summaries = [usage.summary(user) for user in (self.calm, self.tossed)]
        most = min(each.tokens.available + (each.quota.remaining or 0) for each in summaries)
        quantity = self.random.randint(0, most)
        self._note(f"use {quantity} of {most}")
        for user in (self.calm, self.tossed) if quantity else ():
            metering.record(user, "ai_chat", quantity)

    def move_at_once(self) -> None:
        """Somebody changes the plan in Stripe's dashboard.

        A quota that falls begins anew when we hear of it, so that is to be at the same moment.
        """
        tier, interval = self.random.choice(TIERS), self.random.choice(("month", "year"))
        proration = self.random.choice(("always_invoice", "none", "create_prorations"))
        self._note(f"dashboard: {tier} by the {interval}, {proration}")
        price = catalog.get_tier(tier).current_version.stripe_price_id(Interval(interval))

        def move(user: User) -> None:
            held = self._held(user)
            changes: Any = {
                "items": [{"id": held["items"]["data"][0]["id"], "price": price}],
                "proration_behavior": proration,
            }
            self.shop.dashboard.v1.subscriptions.update(held.id, changes)

        self._both(move, may_refuse=True)
        self._make_equal()

    def plan_a_change(self) -> None:
        """The customer changes the plan on our page."""
        self._make_equal()
        tier, interval = self.random.choice(TIERS), self.random.choice(tuple(Interval))
        self._note(f"change to {tier} by the {interval}")

        def change(user: User) -> None:
            gateway = self.shop.gateway
            seen = plan_changes.preview(user, tier_slug=tier, interval=interval, gateway=gateway)
            plan_changes.confirm(
                user,
                tier_slug=tier,
                interval=interval,
                proration_at=seen.proration_at,
                due_now_minor=seen.due_now.amount_minor,
                gateway=gateway,
            )

        self._both(change, may_refuse=True)

    def cancel(self) -> None:
        self._note("dashboard: cancel at the period's end")
        self._update({"cancel_at_period_end": True})

    def keep(self) -> None:
        self._note("dashboard: do not cancel")
        self._update({"cancel_at_period_end": False})

    def end_now(self) -> None:
        self._note("dashboard: end now")
        self._make_equal()
        self._both(lambda user: self.shop.dashboard.v1.subscriptions.cancel(self._held(user).id))
        self._make_equal()

    def fail_next(self) -> None:
        times = self.random.randint(1, 4)
        self._note(f"the next {times} payments are declined")
        self._both(
            lambda user: self.shop.control.fail_payments(
                self._held(user).id, "decline", times=times
            )
        )

    def refund(self) -> None:
        pick, share = self.random.random(), self.random.choice((1, 0.5, 0.1))
        self._note(f"refund {share} of the payment at {pick:.2f}")

        def give_back(user: User) -> None:
            charge = self._pick(self._charges(user), pick)
            if charge:
                amount = max(1, int(charge.amount * share))
                self.shop.control.refund(charge.id, amount=amount)

        self._both(give_back, may_refuse=True)

    def fail_refund(self) -> None:
        pick = self.random.random()
        self._note(f"the refund at {pick:.2f} fails")

        def fail(user: User) -> None:
            refunds = [
                refund
                for charge in self._charges(user)
                for refund in self.shop.dashboard.v1.refunds.list({"charge": charge.id}).data
            ]
            refund = self._pick(refunds, pick)
            if refund:
                self.shop.control.fail_refund(refund.id)

        self._both(fail, may_refuse=True)

    def dispute(self) -> None:
        pick, is_inquiry = self.random.random(), self.random.random() < 0.3
        self._note(f"the payment at {pick:.2f} is disputed, inquiry {is_inquiry}")

        def contest(user: User) -> None:
            charge = self._pick(self._charges(user), pick)
            if charge:
                self.shop.control.dispute(charge.id, inquiry=is_inquiry)

        self._both(contest, may_refuse=True)

    def decide_dispute(self) -> None:
        pick, status = self.random.random(), self.random.choice(("won", "lost", "warning_closed"))
        self._note(f"the dispute at {pick:.2f} is {status}")

        def decide(user: User) -> None:
            disputes = [
                dispute
                for charge in self._charges(user)
                for dispute in self.shop.dashboard.v1.disputes.list({"charge": charge.id}).data
            ]
            dispute = self._pick(disputes, pick)
            if dispute:
                self.shop.control.close_dispute(dispute.id, status)

        self._both(decide, may_refuse=True)

    # How it happens to both.

    def _both(self, act: Any, *, may_refuse: bool = False) -> None:
        """Let both do the same; what Stripe or we refuse, both are refused."""
        refusals = []
        for user, send in ((self.calm, self.post.deliver), (self.tossed, self.post.toss)):
            refusal = None
            try:
                act(user)
            except (BillingError, RuntimeError, stripe.StripeError) as error:
                if not may_refuse:
                    raise
                refusal = type(error)
            refusals.append(refusal)
            send(self.post.collect())
        assert refusals[0] == refusals[1], refusals

    def _update(self, changes: Any) -> None:
        self._both(
            lambda user: self.shop.dashboard.v1.subscriptions.update(self._held(user).id, changes),
            may_refuse=True,
        )

    def _make_equal(self) -> None:
        """Mend what the post has lost, as it is done every night; then both are the same."""
        for difference in reconciliation.reconcile(gateway=self.shop.gateway):
            assert difference.outcome == reconciliation.REPAIRED, str(difference)
        self.reconciled_at = our_clock.now()
        calm, tossed = account_of(self.calm), account_of(self.tossed)
        differing = [name for name in calm if calm[name] != tossed[name]]
        lines = [f"{name}:\n  calm   {calm[name]}\n  tossed {tossed[name]}" for name in differing]
        assert not lines, "\n".join(lines)
        breaches = [str(breach) for breach in verification.breaches()]
        assert not breaches, breaches

    def _note(self, what: str) -> None:
        self.told.append(what)

    # What Stripe holds.

    def _held(self, user: User) -> Any:
        found = self.shop.dashboard.v1.subscriptions.list(
            {"customer": user.stripe_customer_id or ""}
        )
        return found.data[0]

    def _charges(self, user: User) -> list[Any]:
        found = self.shop.dashboard.v1.charges.list({"customer": user.stripe_customer_id or ""})
        return [each for each in found.data if each.status == "succeeded"]

    def _customer_of(self, event: dict[str, Any]) -> str | None:
        customer: str | None = event["data"]["object"]["customer"]
        return customer

    def _pick(self, found: list[Any], pick: float) -> Any:
        return found[int(pick * len(found))] if found else None
