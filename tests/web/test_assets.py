"""Assets: one style, one script, one font, kept for a year under an address of their content."""

from __future__ import annotations

import gzip
import re
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient

from billing.web import assets

pytestmark = pytest.mark.one_database

KIB = 1_024


def _addresses(client: FlaskClient) -> list[str]:
    return re.findall(r'(?:href|src)="(/assets/[^"]+)"', client.get("/login").text)


def test_a_first_view_needs_four_requests(client: FlaskClient) -> None:
    names = [address.rsplit("/", 1)[1] for address in _addresses(client)]

    assert ["geist-latin-wght-normal.woff2", "app.css", "app.js"] == names


def test_assets_are_kept_for_a_year(client: FlaskClient) -> None:
    kept = {client.get(address).headers["Cache-Control"] for address in _addresses(client)}

    assert {"public, max-age=31536000, immutable"} == kept


def test_style_asks_for_the_font_that_the_page_preloads(client: FlaskClient) -> None:
    font, style, _script = _addresses(client)

    asked = re.search(r'url\("([^"]+woff2)"\)', client.get(style).text)
    assert asked
    assert font == urljoin(style, asked[1])


def test_address_of_an_older_style_gets_the_new_one_unkept(client: FlaskClient) -> None:
    answer = client.get("/assets/000000000000/app.css")

    assert 200 == answer.status_code
    assert "public, no-cache" == answer.headers["Cache-Control"]


def test_style_is_compressed_for_who_takes_it(client: FlaskClient) -> None:
    address = _addresses(client)[1]

    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})

    assert "gzip" == packed.headers["Content-Encoding"]
    assert plain.data == gzip.decompress(packed.data)
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_unchanged_asset_is_not_sent_again(client: FlaskClient) -> None:
    address = _addresses(client)[1]
    tag = client.get(address).headers["ETag"]

    assert 304 == client.get(address, headers={"If-None-Match": tag}).status_code


def test_unknown_asset_is_not_found(client: FlaskClient) -> None:
    assert 404 == client.get("/assets/000000000000/tokens.css").status_code


def test_budgets(app: Flask) -> None:
    style, script = assets.all_assets()["app.css"], assets.all_assets()["app.js"]
    fonts = [asset for name, asset in assets.all_assets().items() if name.startswith("fonts/")]

    assert len(style.body) <= 40 * KIB
    assert len(style.compressed or b"") <= 9 * KIB
    assert len(script.body) <= 8 * KIB
    assert len(script.compressed or b"") <= 3 * KIB
    assert [len(font.body) for font in fonts] <= [32 * KIB]


def test_the_order_of_the_layers_comes_first(app: Flask) -> None:
    style = assets.all_assets()["app.css"].body.decode()

    assert style.startswith("@layer reset, tokens, base, layout, components, utilities;")
