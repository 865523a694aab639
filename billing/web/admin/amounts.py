"""Amounts of money as an admin types them, in the form of the place where they live."""

from decimal import Decimal

from babel.numbers import NumberFormatError, parse_decimal

from billing.domain.money import Money
from billing.web.language import current_locale

MAX_MINOR = 10**15


def read_minor_units(text: str, currency: str) -> Decimal | None:
    """Return the amount in minor units, None where the text is no number.

    Args:
        text: as typed: "12.50", "12,50"; it may have more decimals than the currency.
        currency: ISO 4217, upper case.
    """
    try:
        minor: Decimal = parse_decimal(text, locale=current_locale(), strict=True).scaleb(
            Money(0, currency).exponent
        )
    except (NumberFormatError, ArithmeticError):
        return None
    return minor if minor.is_finite() else None
