"""The page checks find what they are there for."""

from __future__ import annotations

import pytest

from tests.markup import faults

PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Plans - Shop</title></head>'
    '<body><main><h1>Plans</h1><form action="/buy" method="post">'
    '<input type="hidden" name="csrf_token" value="x"><label for="a">Amount</label>'
    '<input id="a" name="amount"><button>Buy</button></form></main></body></html>'
)


def test_a_sound_page_has_no_faults() -> None:
    assert faults(PAGE) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<title>Plans", "<title>Prices"),
        ("<h1>Plans</h1>", "<h2>Plans</h2>"),
        (' lang="en"', ""),
        ("<main>", "<main><main></main>"),
        ('for="a"', 'for="b"'),
        ('id="a" name', 'id="a" aria-describedby="hint" name'),
        (' method="post"', ""),
        ('<input type="hidden" name="csrf_token" value="x">', ""),
        ("<button>", '<button onclick="buy()">'),
        ("<button>", '<button style="color: red">'),
        ("</h1>", '</h1><p id="a"></p>'),
        ("</h1>", '</h1><img src="/x.png">'),
        ("</h1>", '</h1><a href="/there"></a>'),
        ("</h1>", "</h1><script>buy()</script>"),
        ("</h1>", "</h1></div>"),
    ],
)
def test_a_planted_fault_is_found(right: str, wrong: str) -> None:
    assert right in PAGE

    assert faults(PAGE.replace(right, wrong, 1)) != []
