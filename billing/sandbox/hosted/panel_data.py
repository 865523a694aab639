"""What the control page shows of an account: its customers, payments, subscriptions and health."""

from billing.sandbox import disputing
from billing.sandbox.api import engine
from billing.sandbox.contract import Json
from billing.sandbox.unit import Unit

FOREVER = 1_000_000_000
SLOW_SECONDS = 3
# What the page can do to every call of the API, by its fault.
HEALTH: dict[str, Json] = {
    "slow": {"kind": "slow", "seconds": SLOW_SECONDS},
    "500": {"kind": "status", "status": 500},
    "down": {"kind": "reset"},
}


def health_of(account: str) -> str:
    """How well the API works for the account: a key of HEALTH, or `well`."""
    for fault in engine().faults.of(account):
        for name, made in HEALTH.items():
            if fault.kind == made["kind"] and fault.times > FOREVER // 2:
                return name
    return "well"


def subscriptions_of(unit: Unit, limit: int) -> list[Json]:
    """The newest subscriptions with their customer and what was ordered of the bank."""
    found = unit.objects.select("subscription", [], [], order="DESC", limit=limit)
    return [
        {
            "body": body,
            "customer": unit.objects.find(body["customer"]),
            "obstacle": (unit.objects.private(body["id"]).get("obstacle") or {}).get("kind"),
            "price": body["items"]["data"][0]["price"],
            "product": unit.get("product", body["items"]["data"][0]["price"]["product"]),
        }
        for body in found
    ]


def payments_of(unit: Unit, limit: int) -> list[Json]:
    """The newest charges with their dispute."""
    charges = unit.objects.select("charge", [], [], order="DESC", limit=limit)
    told = []
    for charge in charges:
        disputes = disputing.disputes_of(unit, charge["id"])
        dispute = disputes[-1] if disputes else None
        is_open = dispute is not None and dispute["status"] not in disputing.OVER
        left = charge["amount"] - charge["amount_refunded"]
        is_kept = all(each["is_charge_refundable"] for each in disputes)
        told.append(
            {
                "body": charge,
                "can_dispute": charge["status"] == "succeeded" and left > 0 and not dispute,
                "can_refund": charge["status"] == "succeeded" and left > 0 and is_kept,
                "dispute": dispute,
                "is_inquiry": dispute is not None and disputing.is_inquiry(dispute),
                "is_open": is_open,
            }
        )
    return told


def customers_of(unit: Unit, limit: int) -> list[Json]:
    """The newest customers that are not deleted."""
    where = ["json_extract(body, '$.deleted') IS NULL"]
    return unit.objects.select("customer", where, [], order="DESC", limit=limit)
