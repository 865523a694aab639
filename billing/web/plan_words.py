"""How a plan reads: its card, its interval, and what a person did to it, how much, and when."""

from datetime import datetime

from flask import Flask

from billing.domain.interval import Interval
from billing.domain.money import Money
from billing.domain.plan_changes import ChangeKind
from billing.gateway import StripeInvoice
from billing.models import UserSubscription
from billing.services.plan_changes import ChangePreview
from billing.web.filters import long_date, money
from billing.web.language import _
from billing.web.plan_state import price_now


def init_app(app: Flask) -> None:
    """Give the templates the words as filters."""
    for function in (card_name, card_until, paid_by, plan_by, what_follows):
        app.jinja_env.filters[function.__name__] = function


def card_name(subscription: UserSubscription) -> str:
    """Return "Visa ending 4242", for a subscription whose card is known."""
    last4 = subscription.card_last4
    if subscription.card_brand is None:
        return _("Card ending %(last4)s", last4=last4)
    return _("%(brand)s ending %(last4)s", brand=subscription.card_brand.capitalize(), last4=last4)


def card_until(subscription: UserSubscription) -> str:
    """Return "Visa ending 4242, expires 08/28", for a subscription whose card is known."""
    card, month, year = (
        card_name(subscription),
        subscription.card_exp_month,
        subscription.card_exp_year,
    )
    if month is None or year is None:
        return card
    return _("%(card)s, expires %(month)s", card=card, month=f"{month:02}/{year % 100:02}")


def paid_by(interval: str) -> str:
    """Return how a plan is paid, where its name is known."""
    return _("By the year") if interval == Interval.YEAR else _("By the month")


def plan_by(name: str, interval: str) -> str:
    """Return "Pro, monthly"."""
    if interval == Interval.YEAR:
        return _("%(tier)s, yearly", tier=name)
    return _("%(tier)s, monthly", tier=name)


def changed(done: ChangePreview) -> str:
    """Return what a confirmed change did."""
    name = done.wanted.tier.name
    if done.kind == ChangeKind.UPGRADE:
        if not done.due_now.amount_minor:
            return _("Plan changed to %(tier)s.", tier=name)
        paid = money(done.due_now)
        return _("Plan changed to %(tier)s. You paid %(amount)s.", tier=name, amount=paid)
    date = _date(done.takes_effect_at)
    if done.kind == ChangeKind.INTERVAL:
        if done.wanted_interval == Interval.YEAR:
            return _("You pay %(tier)s by the year from %(date)s.", tier=name, date=date)
        return _("You pay %(tier)s by the month from %(date)s.", tier=name, date=date)
    return _(
        "You move to %(wanted)s on %(date)s. You keep %(current)s until then.",
        wanted=name,
        date=date,
        current=done.current.tier.name,
    )


def what_follows(preview: ChangePreview) -> str:
    """Return what a change costs from its next payment on, and what else it moves."""
    is_yearly = preview.wanted_interval == Interval.YEAR
    price = money(preview.then)
    if preview.kind == ChangeKind.UPGRADE:
        then = _upgrade_costs(price, _date(preview.renews_at), is_yearly=is_yearly)
        moves = preview.wanted_interval != preview.current_interval
        return f"{then} {_('The renewal date moves.')}" if moves else then
    tier, date = preview.wanted.tier.name, _date(preview.takes_effect_at)
    if preview.kind == ChangeKind.INTERVAL:
        return _new_interval(tier, price, date, is_yearly=is_yearly)
    current = preview.current.tier.name
    keeps = _("You keep %(tier)s until then, and can undo it.", tier=current)
    return f"{_start_costs(tier, price, date, is_yearly=is_yearly)} {keeps}"


def _upgrade_costs(price: str, date: str, *, is_yearly: bool) -> str:
    if is_yearly:
        return _(
            "Then %(price)s, before tax, on %(date)s and each year after.", price=price, date=date
        )
    return _(
        "Then %(price)s, before tax, on %(date)s and each month after.", price=price, date=date
    )


def _start_costs(tier: str, price: str, date: str, *, is_yearly: bool) -> str:
    values = {"tier": tier, "price": price, "date": date}
    if is_yearly:
        return _(
            "%(tier)s starts on %(date)s, when you pay %(price)s, before tax, and each year after.",
            **values,
        )
    return _(
        "%(tier)s starts on %(date)s, when you pay %(price)s, before tax, and each month after.",
        **values,
    )


def _new_interval(tier: str, price: str, date: str, *, is_yearly: bool) -> str:
    start = _start_costs(tier, price, date, is_yearly=is_yearly)
    renewal = (
        _("From then on the plan renews every year on that date.")
        if is_yearly
        else _("From then on the plan renews every month on that date.")
    )
    return f"{start} {renewal}"


def amount_changed(agreed_minor: int, now: Money) -> str:
    """Return why the page of a change shows again."""
    before = Money(agreed_minor, now.currency)
    if before == now:
        return _("This page was open for a while. Check the amount, then confirm.")
    return _(
        "The amount changed from %(before)s to %(now)s. Check it, then confirm.",
        before=money(before),
        now=money(now),
    )


def cancelled(subscription: UserSubscription, name: str) -> str:
    """Return what a cancellation did, by what became of the plan."""
    if subscription.ends_at is None:
        following = subscription.tier.name
        return _("%(tier)s has ended. You are on %(following)s.", tier=name, following=following)
    return _(
        "%(tier)s ends on %(date)s. We will not charge your card again.",
        tier=name,
        date=_date(subscription.ends_at),
    )


def resumed(subscription: UserSubscription) -> str:
    """Return what a resumed plan costs next."""
    tier, price = subscription.tier.name, money(price_now(subscription))
    if subscription.current_period_end is None:
        return _("%(tier)s continues. Next payment %(price)s.", tier=tier, price=price)
    return _(
        "%(tier)s continues. Next payment %(price)s on %(date)s.",
        tier=tier,
        price=price,
        date=_date(subscription.current_period_end),
    )


def undone(subscription: UserSubscription) -> str:
    """Return what follows when a change that was set is forgotten."""
    return _("The change is undone. You stay on %(tier)s.", tier=subscription.tier.name)


def paid(invoice: StripeInvoice) -> str:
    """Return what was paid."""
    amount = money(invoice.amount_paid)
    return _("You paid %(amount)s. The receipt is in Invoices.", amount=amount)


def _date(moment: datetime) -> str:
    return long_date(moment).striptags()
