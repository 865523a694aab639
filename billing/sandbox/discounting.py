"""Coupons and promotion codes: who may redeem them, and the discounts that come of it."""

from typing import NamedTuple

from billing.sandbox import periods
from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid
from billing.sandbox.timers import timer
from billing.sandbox.unit import Unit

UPDATED = "customer.subscription.updated"


class Purchase(NamedTuple):
    """What a coupon is to be redeemed for."""

    customer: str | None
    currency: str
    subtotal: int


class Redeemable(NamedTuple):
    """A coupon that may be redeemed, by the code that brought it."""

    coupon: Json
    promotion_code: str | None = None


def coupon_of(unit: Unit, promotion_code: Json) -> Json:
    return unit.get("coupon", promotion_code["promotion"]["coupon"])


def is_valid(coupon: Json, now: int) -> bool:
    """Whether a coupon can still be redeemed by somebody."""
    limit, until = coupon["max_redemptions"], coupon["redeem_by"]
    return (limit is None or coupon["times_redeemed"] < limit) and (until is None or now < until)


def is_active(promotion_code: Json, now: int) -> bool:
    limit, until = promotion_code["max_redemptions"], promotion_code["expires_at"]
    is_left = limit is None or promotion_code["times_redeemed"] < limit
    return bool(promotion_code["active"]) and is_left and (until is None or now < until)


def redeemable(unit: Unit, given: list[Json], purchase: Purchase, param: str) -> list[Redeemable]:
    """The coupons of a `discounts` parameter; what cannot be redeemed is refused."""
    found = []
    for i, entry in enumerate(given):
        kinds = [name for name in ("coupon", "promotion_code") if entry.get(name)]
        if len(kinds) != 1 or len(entry) > 1:
            raise invalid(
                "A discount of this sandbox names one `coupon` or one `promotion_code`.",
                f"{param}[{i}]",
            )
        path = f"{param}[{i}][{kinds[0]}]"
        named = unit.referenced(kinds[0], entry[kinds[0]], path)
        if kinds[0] == "promotion_code":
            refusal = promotion_refusal(unit, named, purchase)
            found.append(Redeemable(coupon_of(unit, named), named["id"]))
        else:
            refusal = coupon_refusal(unit, named, purchase)
            found.append(Redeemable(named))
        if refusal:
            code = "coupon_expired" if "expired" in refusal else None
            raise invalid(refusal, path, code)
    return found


def coupon_refusal(unit: Unit, coupon: Json, purchase: Purchase) -> str | None:
    """Why a coupon cannot be redeemed for this purchase; None when it can."""
    if not is_valid(coupon, unit.now):
        return f"Coupon {coupon['id']} is expired and cannot be applied."
    if coupon["currency"] and coupon["currency"] != purchase.currency:
        return (
            f"The coupon {coupon['id']} has currency {coupon['currency']}, which is not the "
            f"currency of this purchase ({purchase.currency})."
        )
    return None


def promotion_refusal(unit: Unit, promotion_code: Json, purchase: Purchase) -> str | None:
    """Why a promotion code cannot be redeemed for this purchase; None when it can."""
    rules = promotion_code["restrictions"]
    if not is_active(promotion_code, unit.now):
        return "This promotion code is expired or inactive and cannot be redeemed."
    if promotion_code["customer"] not in (None, purchase.customer):
        return "This promotion code cannot be redeemed by this customer."
    if rules["first_time_transaction"] and _has_paid(unit, purchase.customer):
        return (
            "This promotion code cannot be redeemed because the associated customer has prior "
            "transactions."
        )
    is_counted = rules["minimum_amount_currency"] in (None, purchase.currency)
    if rules["minimum_amount"] and (not is_counted or purchase.subtotal < rules["minimum_amount"]):
        return "This purchase does not reach the minimum amount of the promotion code."
    return coupon_refusal(unit, coupon_of(unit, promotion_code), purchase)


def redeem(unit: Unit, found: list[Redeemable], owner: Json) -> list[str]:
    """Note discounts for their `owner` (`customer` and `subscription`, or
    `checkout_session`) and count them; returns their ids."""
    ids = []
    for coupon, code_id in found:
        months = coupon["duration_in_months"]
        fields: Json = {
            "end": periods.after(unit.now, "month", months) if months else None,
            "promotion_code": code_id,
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": unit.now,
        }
        # The coupon as it is now: the discount outlives it.
        discount = unit.create("discount", fields | owner, {"coupon": coupon})
        if discount["subscription"]:
            unit.emit("customer.discount.created", discount)
        ids.append(discount["id"])
        _count(unit, coupon)
        if code_id:
            _count(unit, unit.get("promotion_code", code_id))
    return ids


def replaced(unit: Unit, subscription: Json, given: list[Json] | str) -> list[str]:
    """The discounts of a subscription after a call that gave `discounts`; the caller writes them.

    `{"discount": id}` keeps one that it has, what is not named ends, `""` ends all.
    """
    entries = given if isinstance(given, list) else []
    kept = [entry["discount"] for entry in entries if entry.get("discount")]
    for i, discount_id in enumerate(kept):
        if discount_id not in subscription["discounts"]:
            raise invalid(f"No such discount: '{discount_id}'", f"discounts[{i}][discount]",
                          "resource_missing")  # fmt: skip
    items = subscription["items"]["data"]
    subtotal = sum(item["price"]["unit_amount"] * item["quantity"] for item in items)
    purchase = Purchase(subscription["customer"], subscription["currency"], subtotal)
    new = [entry for entry in entries if not entry.get("discount")]
    found = redeemable(unit, new, purchase, "discounts")
    for discount_id in subscription["discounts"]:
        if discount_id not in kept:
            discount = unit.get("discount", discount_id)
            ended = unit.change(discount, {"end": discount["end"] or unit.now})
            unit.emit("customer.discount.deleted", ended)
    owner = {"customer": subscription["customer"], "subscription": subscription["id"]}
    return kept + redeem(unit, found, owner)


def applicable(unit: Unit, discount_ids: list[str]) -> list[tuple[str, Json]]:
    """The discounts that an invoice of now has, with their coupons: one that is for one invoice
    only works until it was used."""
    found = []
    for discount_id in discount_ids:
        discount = unit.get("discount", discount_id)
        is_over = discount["end"] is not None and discount["end"] <= unit.now
        if not is_over and not unit.objects.private(discount_id).get("is_used"):
            found.append((discount_id, unit.objects.private(discount_id)["coupon"]))
    return found


def use(unit: Unit, discount_ids: list[str]) -> None:
    """An invoice was reduced: a discount for one invoice ends with it."""
    for discount_id in discount_ids:
        private = unit.objects.private(discount_id)
        if private["coupon"]["duration"] == "once" and not private.get("is_used"):
            unit.objects.set_private(discount_id, private | {"is_used": True})
            unit.schedule("end_discount", discount_id, 0)


def end(unit: Unit, discount: Json) -> None:
    """Take a discount off its subscription."""
    subscription = unit.objects.find(discount["subscription"] or "")
    if not subscription or discount["id"] not in subscription["discounts"]:
        return
    left = [each for each in subscription["discounts"] if each != discount["id"]]
    discount = unit.change(discount, {"end": discount["end"] or unit.now})
    unit.emit("customer.discount.deleted", discount)
    unit.change(subscription, {"discounts": left}, UPDATED)


@timer("end_discount")
def _end_in_time(unit: Unit, discount_id: str) -> None:
    end(unit, unit.get("discount", discount_id))


def _count(unit: Unit, redeemed: Json) -> None:
    changes: Json = {"times_redeemed": redeemed["times_redeemed"] + 1}
    after = redeemed | changes
    if redeemed["object"] == "coupon":
        changes["valid"] = is_valid(after, unit.now)
    else:
        changes["active"] = is_active(after, unit.now)
    unit.change(redeemed, changes)


def _has_paid(unit: Unit, customer_id: str | None) -> bool:
    if customer_id is None:
        return False
    charges = unit.objects.all("charge", customer=customer_id)
    return any(charge["status"] == "succeeded" for charge in charges)
