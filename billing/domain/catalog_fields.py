"""What a field of the catalog may hold."""

import re
from collections.abc import Mapping
from typing import Annotated

from babel.numbers import is_currency
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from billing.domain.languages import DEFAULT_LOCALE, LOCALES

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")
MAX_TOKENS = 10**12
MAX_PRICE_MINOR = 10**12 - 1
"""Stripe takes at most twelve digits, for the currency with the smallest unit."""


def _known_currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError("must be the ISO 4217 code of a currency, in capital letters")
    return code


def _unlimited_is_none(value: object) -> object:
    if isinstance(value, str) and value != "unlimited":
        raise ValueError('must be a whole number or "unlimited"')
    return None if value == "unlimited" else value


def _in_spoken_languages(texts: Mapping[str, str]) -> Mapping[str, str]:
    others = sorted(LOCALES.keys() - {DEFAULT_LOCALE})
    if not texts.keys() <= set(others):
        raise ValueError(f"must be in the other languages of the pages: {', '.join(others)}")
    return texts


def _one_line(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise ValueError("must be one line without spaces around it")
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_one_line)]
Description = Annotated[str, StringConstraints(max_length=300), AfterValidator(_one_line)]
NameIn = Annotated[Mapping[str, Name], AfterValidator(_in_spoken_languages)]
DescriptionIn = Annotated[Mapping[str, Description], AfterValidator(_in_spoken_languages)]
Currency = Annotated[str, AfterValidator(_known_currency)]
MinorUnits = Annotated[int, Field(strict=True, ge=0, le=MAX_PRICE_MINOR)]
PriceToPay = Annotated[int, Field(strict=True, ge=1, le=MAX_PRICE_MINOR)]
TokenCount = Annotated[int, Field(strict=True, ge=0, le=MAX_TOKENS)]
TokensSold = Annotated[int, Field(strict=True, ge=1, le=MAX_TOKENS)]
MonthlyRequests = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=MAX_TOKENS)] | None,
    BeforeValidator(_unlimited_is_none),
]
Rank = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
TrialDays = Annotated[int, Field(strict=True, ge=0, le=730)]
Months = Annotated[int, Field(strict=True, ge=1, le=120)]

Flag = Annotated[bool, Field(strict=True)]
