"""Which e-mail addresses we write to."""

from __future__ import annotations

import pytest

from billing.domain import email_addresses
from billing.domain.email_addresses import BadEmailAddress


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("mara@northpier.io", "mara@northpier.io"),
        ("  Mara@NorthPier.IO ", "mara@northpier.io"),
        ("o'neil+billing@mail.example.test", "o'neil+billing@mail.example.test"),
        ("mara@bücher.example", "mara@xn--bcher-kva.example"),
    ],
)
def test_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert email_addresses.normalize(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "mara",
        "mara.northpier.io",
        "mara@",
        "mara@northpier",
        "@northpier.io",
        "mara@northpier.io\r\nBcc: eve@evil.test",
        "mara@northpier.io\n",
        "mara@northpier.io,eve@evil.test",
        "mara@northpier.io, eve@evil.test",
        "Mara <mara@northpier.io>",
        "mara@north pier.io",
        "mara\0@northpier.io",
        "\ud800@northpier.io",
        f"{'m' * 250}@northpier.io",
    ],
)
def test_everything_else_is_refused(typed: str) -> None:
    with pytest.raises(BadEmailAddress):
        email_addresses.normalize(typed)
