"""A catalog file: read as a whole, refused with the line and the field of every mistake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.catalog import CatalogDocument, FeatureEntry, PackageEntry, TierEntry
from billing.domain.catalog_file import parse
from billing.domain.catalog_render import render
from billing.errors import InvalidInput
from tests.factories import DEMO_CATALOG

FREE = """\
[tiers.free]
name = "Free"
rank = 0
default = true
currency = "USD"
price_month = 0
price_year = 0
ai_requests_per_month = 20
"""


def problems_of(source: str) -> list[str]:
    """Return the refusal's lines, one for each problem."""
    with pytest.raises(InvalidInput) as refusal:
        parse(source.encode())
    return [line.strip() for line in refusal.value.detail.splitlines()[1:]]


def test_the_demo_catalog_sells_what_its_description_promises() -> None:
    document = parse(DEMO_CATALOG.read_bytes())

    pro = document.tiers["pro"]
    assert list(document.tiers) == ["free", "starter", "pro", "scale"]
    assert (pro.price_month, pro.price_year, pro.ai_requests_per_month) == (4900, 49000, 5000)
    assert document.tiers["scale"].ai_requests_per_month is None
    assert {key: entry.token_cost for key, entry in document.features.items() if entry.metered} == {
        "ai_chat": 1,
        "ai_mentor": 5,
        "ai_images": 20,
    }
    assert document.packages["tokens-2000"].bonus_tokens == 200


def test_a_file_of_one_free_tier_is_enough() -> None:
    document = parse(FREE.encode())

    assert list(document.tiers) == ["free"]
    assert document.features == {}


def test_the_top_currency_is_that_of_every_entry_without_one() -> None:
    source = 'currency = "EUR"\n' + FREE.replace('currency = "USD"\n', "")

    document = parse(source.encode())

    assert document.tiers["free"].currency == "EUR"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("rank = 0", "rank = 0.5"), "line 3: tiers.free.rank must be a valid integer"),
        (("rank = 0", "rank = true"), "line 3: tiers.free.rank must be a valid integer"),
        (
            ("rank = 0", "rank = -1"),
            "line 3: tiers.free.rank must be greater than or equal to 0",
        ),
        (("rank = 0\n", ""), "line 1: tiers.free.rank is missing"),
        (
            ("rank = 0", 'rank = 0\ndescription_in.fr = "Pour tous."'),
            "line 4: tiers.free.description_in must be in the other languages of the pages: de",
        ),
        (("rank = 0", "rank = 0\nranc = 1"), "line 4: tiers.free.ranc is no field of the catalog"),
        (('"Free"', "7"), "line 2: tiers.free.name must be a valid string"),
        (('"Free"', '"Fr\\nee"'), "line 2: tiers.free.name must be one line without spaces around"),
        (('"USD"', '"UDS"'), "line 5: tiers.free.currency must be the ISO 4217 code of a currency"),
        (("= 20", '= "lots"'), 'must be a whole number or "unlimited"'),
        (("= 20", "= 20\ntrial_days = 14"), "line 9: tiers.free.trial_days must be 0"),
        (
            ("= 20", '= 20\nfeatures = [\n  "ai_chat",\n]'),
            'line 9: tiers.free.features names "ai_chat", which is no feature of this file',
        ),
        (("default = true", "default = false"), "tiers must have one tier with default = true"),
        (("tiers.free", "tiers.Free"), "line 1: tiers.Free must be named with small letters"),
        (
            ("price_month = 0\nprice_year = 0", "price_month = 50\nprice_year = 50"),
            "line 4: tiers.free.default must not be true: the default tier is free",
        ),
    ],
)
def test_each_mistake_is_named_with_its_line_and_field(
    change: tuple[str, str], problem: str
) -> None:
    found = problems_of(FREE.replace(*change))

    assert len(found) == 1
    assert problem in found[0]


def test_all_mistakes_are_named_not_only_the_first() -> None:
    source = FREE + (
        '[tiers.pro]\nname = "Pro"\nrank = 0\ncurrency = "BHD"\nprice_month = 4905\n'
        'price_year = "x"\nai_requests_per_month = 1\n'
        '[packages.big]\nname = "Big"\ntokens = 0\nprice = 1\n'
    )

    assert problems_of(source) == [
        "line 14: tiers.pro.price_year must be a valid integer",
        "line 16: packages.big.currency is missing",
        "line 18: packages.big.tokens must be greater than or equal to 1",
    ]


def test_two_tiers_of_one_rank_or_both_default_are_refused() -> None:
    twin = FREE.replace("tiers.free", "tiers.basic")

    assert problems_of(FREE + twin) == [
        'line 11: tiers.basic.rank is the rank of "free" already',
        'line 12: tiers.basic.default must not be true: "free" is the default',
    ]


def package_at(amount_minor: int, currency: str) -> str:
    """Return a file that sells one package at the price."""
    return FREE + (
        f'[packages.p]\nname = "P"\ntokens = 1\ncurrency = "{currency}"\nprice = {amount_minor}\n'
    )


@pytest.mark.parametrize(
    ("amount_minor", "currency"),
    [(4999, "USD"), (499, "JPY"), (4990, "BHD"), (500, "ISK"), (10**12 - 1, "IDR")],
)
def test_amounts_that_stripe_can_charge_are_taken(amount_minor: int, currency: str) -> None:
    document = parse(package_at(amount_minor, currency).encode())

    assert document.packages["p"].price == amount_minor


@pytest.mark.parametrize(
    ("amount_minor", "currency", "problem"),
    [
        (4999, "BHD", "be a multiple of 10: Stripe charges BHD only so"),
        (550, "ISK", "be a multiple of 100: Stripe charges ISK only so"),
        (49, "USD", "be at least 50: Stripe charges no less in USD"),
        (49, "JPY", "be at least 50: Stripe charges no less in JPY"),
        (100_000_000, "USD", "be at most 99999999: Stripe charges no more in USD"),
    ],
)
def test_amounts_that_stripe_cannot_charge_are_refused(
    amount_minor: int, currency: str, problem: str
) -> None:
    problems = problems_of(package_at(amount_minor, currency))

    assert problems == [f"line 13: packages.p.price must {problem}"]


def test_a_tier_with_one_free_interval_is_refused() -> None:
    paid = FREE.replace("tiers.free", "tiers.paid").replace("default = true", "default = false")
    paid = paid.replace("rank = 0", "rank = 1").replace("price_year = 0", "price_year = 100")

    assert problems_of(FREE + paid) == [
        "line 14: tiers.paid.price_month must not be 0 alone: "
        "a tier is free in both intervals or in none"
    ]


@pytest.mark.parametrize(
    ("source", "where"),
    [
        (b'[tiers.free]\nname = "Free\n', "line 2"),
        (b"[tiers.free]\n[tiers.free]\n", "line 2"),
        (b'a = """\n\n', "line 3"),
        (b"# \xff\n", "line 1"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_the_line(source: bytes, where: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse(source)

    assert where in refusal.value.detail


def test_lines_are_found_in_dotted_keys_and_inline_tables() -> None:
    source = FREE + (
        "[packages]\n"
        '"one".tokens = 0\n'
        'one.name = """\nOne\n"""\n'
        'two = {name = "Two", tokens = 1, price = 0, currency = "USD"}\n'
    )

    assert problems_of(source) == [
        "line 10: packages.one.currency is missing",
        "line 10: packages.one.price is missing",
        "line 10: packages.one.tokens must be greater than or equal to 1",
        "line 11: packages.one.name must be one line without spaces around it",
        "line 14: packages.two.price must be greater than or equal to 1",
    ]


def test_the_refusal_has_the_problems_as_members_too() -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse(FREE.replace("rank = 0", "rank = -1").encode())

    assert refusal.value.members["errors"] == [
        {
            "line": 3,
            "field": "tiers.free.rank",
            "message": "must be greater than or equal to 0",
        }
    ]


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1).map(
    lambda text: text[:100]
)
AMOUNTS = st.integers(50, 10**6)


@given(name=NAMES, month=AMOUNTS, requests=st.none() | st.integers(0, 10**9), tokens=AMOUNTS)
def test_a_rendered_catalog_reads_back_the_same(
    *, name: str, month: int, requests: int | None, tokens: int
) -> None:
    document = CatalogDocument(
        features={
            "chat": FeatureEntry(name=name, name_in={"de": name}, metered=True, token_cost=3)
        },
        tiers={
            "free": TierEntry(
                name=name,
                rank=0,
                default=True,
                currency="USD",
                price_month=0,
                price_year=0,
                ai_requests_per_month=requests,
            ),
            "paid": TierEntry(
                name=name,
                description=name,
                description_in={"de": name},
                rank=1,
                currency="EUR",
                price_month=month,
                price_year=month,
                ai_requests_per_month=requests,
                trial_days=14,
                features=("chat",),
            ),
        },
        packages={"p": PackageEntry(name=name, tokens=tokens, currency="USD", price=month)},
    )

    assert parse(render(document).encode()) == document
