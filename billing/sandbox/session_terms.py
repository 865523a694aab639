"""The terms of an open checkout session: its discount, the buyer's country, what is due today."""

from billing.sandbox import checkout_rules, discounting, totals
from billing.sandbox.contract import Json
from billing.sandbox.discounting import Purchase, Redeemable
from billing.sandbox.pricing import tax_percent_of
from billing.sandbox.resources.promotion_codes import named
from billing.sandbox.subscribing import trial_end_of
from billing.sandbox.unit import Unit

DEFAULT_COUNTRY = "US"


def due_today(unit: Unit, session: Json, private: Json) -> Json:
    """The sums of a session; the line items in `private` get theirs.

    What a trial delays is not due today.
    """
    data = private.get("subscription_data", {})
    is_trial = trial_end_of(unit.now, data) is not None
    items: list[Json] = private["line_items"]
    today = [item for item in items if not (is_trial and item["price"]["recurring"])]
    coupons = [found.coupon for found in redeemed(unit, private)]
    percent = tax_percent(unit, session, private)
    _, sums = totals.of_items(today, coupons, percent)
    checkout_rules.check_minimum(session["currency"], sums["amount_total"])
    return sums


def renewal_total(unit: Unit, session: Json, private: Json, *durations: str) -> int:
    """What each renewal of a subscription costs, with discounts of these durations only."""
    items = [dict(item) for item in private["line_items"] if item["price"]["recurring"]]
    found = redeemed(unit, private)
    coupons = [each.coupon for each in found if each.coupon["duration"] in durations]
    _, sums = totals.of_items(items, coupons, tax_percent(unit, session, private))
    return int(sums["amount_total"])


def redeemed(unit: Unit, private: Json) -> list[Redeemable]:
    """The coupons that the session will redeem when it is paid."""
    return [
        Redeemable(unit.get("coupon", entry["coupon"]), entry["promotion_code"])
        for entry in private.get("redeemed", [])
    ]


def shown(found: list[Redeemable]) -> list[Json]:
    """`discounts` of a session: each by its coupon, or by the code that the buyer typed."""
    return [
        {"coupon": None if code else coupon["id"], "promotion_code": code} for coupon, code in found
    ]


def remembered(found: list[Redeemable]) -> list[Json]:
    return [{"coupon": coupon["id"], "promotion_code": code} for coupon, code in found]


def apply_code(unit: Unit, session: Json, code: str) -> str | None:
    """Redeem a promotion code that a buyer typed; returns why not, or None."""
    if not session["allow_promotion_codes"]:
        return "This checkout takes no promotion codes."
    subtotal = session["amount_subtotal"]
    purchase = Purchase(session["customer"], session["currency"], subtotal)
    active = [each for each in named(unit, code) if discounting.is_active(each, unit.now)]
    if not active:
        return "This promotion code is not valid."
    promotion_code = active[-1]
    refusal = discounting.promotion_refusal(unit, promotion_code, purchase)
    if refusal is None:
        coupon = discounting.coupon_of(unit, promotion_code)
        change(unit, session, [Redeemable(coupon, promotion_code["id"])])
    return refusal


def change(unit: Unit, session: Json, found: list[Redeemable]) -> Json:
    """Give an open session these discounts and no others."""
    private = unit.objects.private(session["id"]) | {"redeemed": remembered(found)}
    return _recalculated(unit, session | {"discounts": shown(found)}, private)


def move_to(unit: Unit, session: Json, country: str | None) -> Json:
    """The buyer lives in this country: with automatic tax the total follows."""
    private = unit.objects.private(session["id"])
    if not session["automatic_tax"]["enabled"] or private.get("country"):
        return session
    return _recalculated(unit, session, private | {"country": country or DEFAULT_COUNTRY})


def choose_country(unit: Unit, session: Json, country: str) -> Json:
    """The buyer chose a country on the page."""
    private = unit.objects.private(session["id"]) | {"country": country}
    return _recalculated(unit, session, private)


def country_of(unit: Unit, session: Json, private: Json) -> str:
    """The country that is taxed: that of the customer's address unless the page may change it."""
    customer = unit.objects.find(session["customer"] or "") or {}
    known = (customer.get("address") or {}).get("country")
    if known and private.get("customer_update", {}).get("address") != "auto":
        return str(known)
    return str(private.get("country") or known or DEFAULT_COUNTRY)


def tax_percent(unit: Unit, session: Json, private: Json) -> int:
    if not session["automatic_tax"]["enabled"]:
        return 0
    customer = unit.objects.find(session["customer"] or "") or {}
    country = {"country": country_of(unit, session, private)}
    return tax_percent_of(country, customer.get("tax_exempt", "none"))


def _recalculated(unit: Unit, session: Json, private: Json) -> Json:
    changes = due_today(unit, session, private)
    unit.objects.set_private(session["id"], private)
    stored = unit.get("checkout.session", session["id"])
    return unit.change(stored, changes | {"discounts": session["discounts"]})
