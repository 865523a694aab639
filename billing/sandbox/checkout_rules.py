"""The rules between the parameters of a new checkout session that their types cannot say."""

from urllib.parse import urlsplit

from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid, not_served, parameter_missing
from billing.sandbox.subscribing import DAY_SECONDS
from billing.sandbox.unit import Unit

SHORTEST_SECONDS, LONGEST_SECONDS = 30 * 60, 24 * 3600
# The caller's clock and ours need not agree to the second.
SLACK_SECONDS = 60
MINIMUM_MINOR = {"usd": 50, "eur": 50, "gbp": 30}
_NOT_SERVED = ("optional_items", "shipping_options")
_NEEDED = ("mode", "success_url")
_ONLY_IN = {
    "payment_intent_data": ("payment",),
    "invoice_creation": ("payment",),
    "customer_creation": ("payment", "setup"),
    "line_items": ("payment", "subscription"),
    "setup_intent_data": ("setup",),
    "subscription_data": ("subscription",),
    "payment_method_collection": ("subscription",),
}
_EXCLUSIVE = (
    ("customer", "customer_email"),
    ("customer", "customer_creation"),
    ("discounts", "allow_promotion_codes"),
)


def check(params: Json) -> None:
    """Refuse what Stripe refuses, and what the sandbox cannot do."""
    _check_served(params)
    own = "currency" if params.get("mode") == "setup" else "line_items"
    for name in (*_NEEDED, own):
        if not params.get(name):
            raise parameter_missing(name)
    for name in ("success_url", "cancel_url"):
        if name in params and urlsplit(params[name]).scheme not in ("http", "https"):
            raise invalid("Not a valid URL", name, "url_invalid")
    _check_mode(params)
    _check_combinations(params)


def check_trial(now: int, data: Json) -> None:
    """Refuse a trial that is too short."""
    end = data.get("trial_end")
    if end is not None and end < now + 2 * DAY_SECONDS - SLACK_SECONDS:
        raise invalid(
            "The `trial_end` date has to be at least 2 days in the future.",
            "subscription_data[trial_end]",
        )
    if data.get("trial_period_days", 1) < 1:
        raise invalid(
            "The minimum number of trial period days is 1.", "subscription_data[trial_period_days]"
        )


def check_tax(unit: Unit, params: Json) -> None:
    """Refuse automatic tax for a customer whose country is neither known nor asked for."""
    if not params.get("automatic_tax", {}).get("enabled") or "customer" not in params:
        return
    address = unit.referenced("customer", params["customer"], "customer")["address"] or {}
    if not address.get("country") and "address" not in params.get("customer_update", {}):
        raise ApiError(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a "
            "valid address to the Customer or set either `customer_update[address]` to 'auto' or "
            "`customer_update[shipping]` to 'auto' to save the address entered in Checkout to the "
            "Customer.",
            code="customer_tax_location_invalid",
        )


def check_minimum(currency: str, total: int) -> None:
    """Refuse an amount that costs more to take than it brings."""
    minimum = MINIMUM_MINOR.get(currency, 0)
    if 0 < total < minimum:
        raise ApiError(
            "The Checkout Session's total amount due must add up to at least "
            f"{minimum / 100:.2f} {currency}",
            code="amount_too_small",
        )


def expires_at(now: int, params: Json) -> int:
    """When the session ends: 30 minutes to 24 hours from now."""
    wanted = int(params.get("expires_at", now + LONGEST_SECONDS))
    bounds = (now + SHORTEST_SECONDS - SLACK_SECONDS, now + LONGEST_SECONDS + SLACK_SECONDS)
    if not bounds[0] <= wanted <= bounds[1]:
        limit = "at least 30 minutes" if wanted < bounds[0] else "less than 24 hours"
        raise invalid(
            f"The `expires_at` timestamp must be {limit} from Checkout Session creation.",
            "expires_at",
        )
    return wanted


def _check_served(params: Json) -> None:
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise not_served(f"ui_mode={params['ui_mode']}", "ui_mode")
    for name in _NOT_SERVED:
        if name in params:
            raise not_served(name, name)


def _check_mode(params: Json) -> None:
    for name, modes in _ONLY_IN.items():
        if name in params and params["mode"] not in modes:
            raise invalid(f"You can not pass `{name}` in `{params['mode']}` mode.", name)


def _check_combinations(params: Json) -> None:
    for one, other in _EXCLUSIVE:
        if one in params and other in params:
            message = f"You may only specify one of these parameters: {one}, {other}."
            raise invalid(message, one, "parameters_exclusive")
    if "customer_update" in params and "customer" not in params:
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
    if len(params.get("discounts") or []) > 1:
        raise invalid("You may only specify one discount.", "discounts")
