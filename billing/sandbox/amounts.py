"""How amounts read, on the pages and in Stripe's own sentences."""

from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

LOCALE = "en_US"


def money(minor: int, currency: str) -> str:
    """$49.00"""
    code = currency.upper()
    amount = Decimal(minor).scaleb(-get_currency_precision(code))
    return format_currency(amount, code, locale=LOCALE)
