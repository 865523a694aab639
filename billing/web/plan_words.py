"""What a person reads after they changed their plan: who did what, how much, and when."""

from datetime import datetime

from billing.domain.money import Money
from billing.domain.plan_changes import ChangeKind
from billing.gateway import StripeInvoice
from billing.models import UserSubscription
from billing.services.plan_changes import ChangePreview
from billing.web.filters import long_date, money
from billing.web.plan_state import price_now


def changed(done: ChangePreview) -> str:
    """Return what a confirmed change did."""
    name = done.wanted.tier.name
    when = _date(done.takes_effect_at)
    if done.kind == ChangeKind.UPGRADE:
        paid = f" You paid {money(done.due_now)}." if done.due_now.amount_minor else ""
        return f"Plan changed to {name}.{paid}"
    if done.kind == ChangeKind.INTERVAL:
        return f"You pay {name} by the {done.wanted_interval} from {when}."
    return f"You move to {name} on {when}. You keep {done.current.tier.name} until then."


def amount_changed(agreed_minor: int, now: Money) -> str:
    """Return why the page of a change shows again."""
    before = Money(agreed_minor, now.currency)
    if before == now:
        return "This page was open for a while. Check the amount, then confirm."
    return f"The amount changed from {money(before)} to {money(now)}. Check it, then confirm."


def cancelled(subscription: UserSubscription, name: str) -> str:
    """Return what a cancellation did, by what became of the plan."""
    if subscription.ends_at is None:
        return f"{name} has ended. You are on {subscription.tier.name}."
    return f"{name} ends on {_date(subscription.ends_at)}. We will not charge your card again."


def resumed(subscription: UserSubscription) -> str:
    """Return what a resumed plan costs next."""
    price = money(price_now(subscription))
    end = subscription.current_period_end
    when = f" on {_date(end)}" if end else ""
    return f"{subscription.tier.name} continues. Next payment {price}{when}."


def undone(subscription: UserSubscription) -> str:
    """Return what follows when a change that was set is forgotten."""
    return f"The change is undone. You stay on {subscription.tier.name}."


def paid(invoice: StripeInvoice) -> str:
    """Return what was paid."""
    return f"You paid {money(invoice.amount_paid)}. The receipt is in Invoices."


def _date(moment: datetime) -> str:
    return long_date(moment).striptags()
