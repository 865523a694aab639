"""Money: integer minor units with a currency, by Stripe's table of exponents."""

from dataclasses import dataclass
from decimal import Decimal

# https://docs.stripe.com/currencies (zero-decimal and three-decimal currencies)
ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())
# Stripe takes these with two decimals, but charges whole units only.
WHOLE_UNITS_ONLY = frozenset("ISK UGX".split())


class MixedCurrencies(ValueError):
    """Two amounts of different currencies cannot be added."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's minor unit, as Stripe counts it."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():
            raise ValueError("a currency is three capital letters (ISO 4217)")

    @property
    def exponent(self) -> int:
        """How many decimals Stripe gives the currency."""
        if self.currency in ZERO_DECIMAL:
            return 0
        return 3 if self.currency in THREE_DECIMAL else 2

    @property
    def amount(self) -> Decimal:
        """The amount in the currency's major unit, exactly."""
        return Decimal(self.amount_minor).scaleb(-self.exponent)

    @property
    def is_chargeable(self) -> bool:
        """Whether Stripe takes this amount: three-decimal amounts end in 0, ISK and UGX in 00."""
        if self.currency in WHOLE_UNITS_ONLY:
            return self.amount_minor % 100 == 0
        return self.currency not in THREE_DECIMAL or self.amount_minor % 10 == 0

    def __add__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount_minor * times, self.currency)

    def _require_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency} are never summed")
