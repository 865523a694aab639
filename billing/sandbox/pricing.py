"""What is taken off a price and what is added to it, line by line: coupons first, then tax.

Taxes of the sandbox are a rule that a reader can check: one rate for each country, none elsewhere.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from billing.sandbox.contract import Json

TAX_PERCENT = {"AT": 20, "DE": 19, "ES": 21, "FR": 20, "GB": 20, "IT": 22, "NL": 21}
HUNDRED = 100


class Part(NamedTuple):
    """One line before it is reduced and taxed; an inclusive price has its tax in it already."""

    amount: int
    product: str
    is_inclusive: bool = False
    is_discountable: bool = True


class Priced(NamedTuple):
    """What each coupon takes off a line, and the tax on the rest."""

    discounts: list[int]
    tax: int
    taxable: int

    @property
    def discount(self) -> int:
        return sum(self.discounts)


def priced(parts: list[Part], coupons: list[Json], tax_percent: int) -> list[Priced]:
    """Reduce each line by the coupons, one after the other, and tax what is left of it."""
    left = list(parts)
    taken: list[list[int]] = []
    for coupon in coupons:
        shares = _shares(coupon, left)
        taken.append(shares)
        left = [
            part._replace(amount=part.amount - share)
            for part, share in zip(left, shares, strict=True)
        ]
    return [
        Priced([shares[i] for shares in taken], _tax(part, tax_percent), part.amount)
        for i, part in enumerate(left)
    ]


def tax_percent_of(address: Json | None, exempt: str = "none") -> int:
    """The rate for an address; nothing for a customer who is exempt."""
    country = (address or {}).get("country")
    return TAX_PERCENT.get(country or "", 0) if exempt == "none" else 0


def tax_entry(part: Priced, percent: int, country: str, *, is_inclusive: bool) -> Json:
    """A member of `taxes` of a line, or of `total_taxes`."""
    return {
        "amount": part.tax,
        "tax_behavior": "inclusive" if is_inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": f"txr_1SandboxCountryRate{country}"},
        "taxability_reason": "standard_rated" if percent else "not_collecting",
        "taxable_amount": part.taxable,
        "type": "tax_rate_details",
    }


def _shares(coupon: Json, parts: list[Part]) -> list[int]:
    """What a coupon takes off each line."""
    products = (coupon.get("applies_to") or {}).get("products")
    amounts = [
        part.amount if part.is_discountable and (not products or part.product in products) else 0
        for part in parts
    ]
    if coupon["percent_off"] is not None:
        percent = Decimal(str(coupon["percent_off"]))
        return [_rounded(amount * percent / HUNDRED) for amount in amounts]
    return _spread(coupon["amount_off"], [max(0, amount) for amount in amounts])


def _spread(amount: int, weights: list[int]) -> list[int]:
    """Divide an amount over lines in proportion, to the last cent, never more than there is."""
    total = sum(weights)
    amount = min(amount, total)
    shares, given, seen = [], 0, 0
    for weight in weights:
        seen += weight
        upto = amount * seen // total if total else 0
        shares.append(upto - given)
        given = upto
    return shares


def _tax(part: Part, percent: int) -> int:
    base = HUNDRED + percent if part.is_inclusive else HUNDRED
    return _rounded(Decimal(part.amount * percent) / base)


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
