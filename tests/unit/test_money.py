"""Money is integers: nothing is rounded, nothing of two currencies is added."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.money import MixedCurrencies, Money

amounts = st.integers(min_value=-(10**15), max_value=10**15)
currencies = st.sampled_from(["USD", "EUR", "JPY", "KRW", "BHD", "KWD", "ISK"])


@given(amounts, amounts, currencies)
def test_what_is_added_can_be_taken_away(first: int, second: int, currency: str) -> None:
    total = Money(first, currency) + Money(second, currency)

    assert Money(first, currency) == total - Money(second, currency)


@given(amounts, currencies)
def test_the_major_unit_is_exact(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert Decimal(minor) == money.amount * Decimal(10) ** money.exponent


@given(amounts, st.integers(min_value=0, max_value=1000), currencies)
def test_times_is_repeated_addition(minor: int, times: int, currency: str) -> None:
    assert Money(minor * times, currency) == Money(minor, currency) * times


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [(4900, "USD", "49.00"), (4900, "JPY", "4900"), (4900, "BHD", "4.900"), (500, "ISK", "5.00")],
)
def test_each_currency_has_stripes_decimals(minor: int, currency: str, amount: str) -> None:
    assert Decimal(amount) == Money(minor, currency).amount


@pytest.mark.parametrize(
    ("minor", "currency", "is_chargeable"),
    [
        (1, "USD", True),
        (1, "JPY", True),
        (1230, "BHD", True),
        (1234, "BHD", False),
        (500, "ISK", True),
        (550, "ISK", False),
        (150, "UGX", False),
    ],
)
def test_stripe_takes_only_some_amounts(minor: int, currency: str, *, is_chargeable: bool) -> None:
    assert is_chargeable == Money(minor, currency).is_chargeable


def test_two_currencies_are_never_summed() -> None:
    with pytest.raises(MixedCurrencies):
        Money(100, "USD") + Money(100, "EUR")


@pytest.mark.parametrize("currency", ["usd", "US", "USDT", "", "ÄÖÜ"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(100, currency)
