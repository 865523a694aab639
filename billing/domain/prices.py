"""Prices: which amounts Stripe charges, by currency.

https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
"""

from dataclasses import dataclass

from billing.domain.money import Money
from billing.messages import Message

MINIMUM_MINOR = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250,
    "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200,
    "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
# Eight digits are what every payment method takes, but for these currencies.
MAX_DIGITS = 8
MORE_DIGITS = {"COP": 10, "HUF": 10, "IDR": 12, "INR": 9}


@dataclass(frozen=True, slots=True)
class PriceProblem:
    """Why Stripe does not charge an amount: as a clause about a field, and as a sentence."""

    clause: str
    sentence: Message


def find_problem(price: Money) -> PriceProblem | None:
    """Return why Stripe would not charge the price, None where it would; nothing is free.

    Args:
        price: what is asked for; 0 is never charged, and no problem.
    """
    currency = price.currency
    if not price.is_chargeable:
        step = 10 if price.exponent == 3 else 100
        return PriceProblem(
            f"must be a multiple of {step}: Stripe charges {currency} only so",
            Message(
                "Stripe charges %(currency)s in steps of %(step)s",
                currency=currency,
                step=str(Money(step, currency).amount),
            ),
        )
    lowest = Money(MINIMUM_MINOR.get(currency, 0), currency)
    if 0 < price.amount_minor < lowest.amount_minor:
        return PriceProblem(
            f"must be at least {lowest.amount_minor}: Stripe charges no less in {currency}",
            Message(
                "Stripe charges at least %(amount)s %(currency)s",
                amount=str(lowest.amount),
                currency=currency,
            ),
        )
    highest = Money(10 ** MORE_DIGITS.get(currency, MAX_DIGITS) - 1, currency)
    if price.amount_minor > highest.amount_minor:
        return PriceProblem(
            f"must be at most {highest.amount_minor}: Stripe charges no more in {currency}",
            Message(
                "Stripe charges at most %(amount)s %(currency)s",
                amount=str(highest.amount),
                currency=currency,
            ),
        )
    return None
