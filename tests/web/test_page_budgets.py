"""What a page may weigh and ask for, however long the history of its reader is."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert

from billing import clock
from billing.database import transaction
from billing.domain.receipts import ReceiptStatus
from billing.models import (
    AiRefusal,
    AiRequest,
    Email,
    Invoice,
    User,
    UserTokenBalance,
)
from billing.web import assets
from tests import queries, states
from tests.page import PageClient

KB = 1_000
STYLE, SCRIPT = ("app.css", 40 * KB, 9 * KB), ("app.js", 8 * KB, 3 * KB)
SHARED = ["app.css", "app.js"]
# gzipped; a page that is not named has what an account page has.
HTML_BYTES = {"/pricing": 5 * KB, "/usage": 9 * KB, "/account/settings": 9 * KB}
ACCOUNT_BYTES = 4 * KB
WHOLE_PAGE_BYTES = 20 * KB
USAGE_BYTES = 25 * KB
MAX_NODES = 1_500
MAX_QUERIES = 12
PATHS = [
    "/pricing",
    "/account",
    "/account/invoices",
    f"/account/invoices?status={ReceiptStatus.PAID}&page=2",
    "/usage",
    "/usage/transactions",
    "/usage/transactions?type=ai_request&from=2020-01-01&reference=nothing",
    "/usage/refusals",
    "/account/settings",
    "/account/settings/keys",
    "/account/settings/devices",
    "/account/settings/close",
]


@pytest.mark.parametrize(("name", "raw", "compressed"), [STYLE, SCRIPT])
def test_style_and_script_are_small(name: str, raw: int, compressed: int) -> None:
    asset = assets.all_assets()[name]

    assert len(asset.body) <= raw
    assert len(asset.compressed or asset.body) <= compressed


def test_pages_are_light_and_ask_for_three_files(app: Flask, page: PageClient) -> None:
    states.catalog_at_stripe()
    states.log_in(page, states.three_weeks_in())
    shared = sum(len(assets.all_assets()[name].compressed or b"") for name in SHARED)
    found = {}
    for path in PATHS:
        shown = page.open(path)
        size = len(gzip.compress(shown.html.encode(), 9))
        whole = USAGE_BYTES if path.startswith("/usage") else WHOLE_PAGE_BYTES
        files = [*shown.all("script"), *shown.all("img")]
        files += [
            link for link in shown.all("link") if link.get("rel") in {"stylesheet", "preload"}
        ]
        breaches = {
            "bytes": size > HTML_BYTES.get(path.partition("?")[0], ACCOUNT_BYTES) and size,
            "bytes in all": size + shared > whole and size + shared,
            "nodes": len(list(shown.root.iter())) > MAX_NODES and len(list(shown.root.iter())),
            "files": len(files) != 3 and len(files),
        }
        found[path] = {name: value for name, value in breaches.items() if value}

    assert {path: breaches for path, breaches in found.items() if breaches} == {}


def test_queries_do_not_grow_with_the_rows(app: Flask, page: PageClient) -> None:
    states.catalog_at_stripe()
    user = states.busy()
    states.log_in(page, user)

    with_few = _queries_after(page, user, rows=100)
    with_many = _queries_after(page, user, rows=10_000)

    assert with_few == with_many
    assert {path: count for path, count in with_many.items() if count > MAX_QUERIES} == {}


def _queries_after(page: PageClient, user: User, *, rows: int) -> dict[str, int]:
    _fill(user, rows)
    counts = {}
    for path in PATHS:
        page.open(path)
        with queries.recorded() as statements:
            page.open(path)
        counts[path] = len(statements)
    return counts


def _fill(user: User, rows: int) -> None:
    """Give the user so many rows more of everything that a page lists."""
    user_id, now = user.id, clock.now()
    with transaction() as session:
        balance = session.get_one(UserTokenBalance, user_id)
        first = balance.entries + 1
        makers: dict[type, Callable[[int], dict[str, object]]] = {
            AiRequest: lambda n: _request(balance, first + n),
            AiRefusal: lambda _: _refusal(balance),
            Invoice: lambda n: _invoice(user_id, f"in_{rows}_{n}"),
            Email: lambda n: {
                "user_id": user_id,
                "kind": "tokens_low",
                "dedupe_key": f"budget:{rows}:{n}",
                "to_address": "a@example.test",
                "sent_at": now,
            },
        }
        for table, make in makers.items():
            session.execute(insert(table), [make(n) for n in range(rows)])
        balance.entries += rows


def _request(balance: UserTokenBalance, entry: int) -> dict[str, object]:
    return {
        "user_id": balance.user_id,
        "entry": entry,
        "feature_id": 1,
        "tier_version_id": balance.tier_version_id,
        "quantity": 1,
        "from_quota": 0,
        "tokens_charged": 0,
        "quota_used": 0,
        "quota_held": 0,
        "period_start": balance.period_start,
        "resets_at": balance.period_end,
        "balance_after": 0,
        "spent_total": 0,
        "created_at": clock.now(),
    }


def _refusal(balance: UserTokenBalance) -> dict[str, object]:
    return {
        "user_id": balance.user_id,
        "tier_version_id": balance.tier_version_id,
        "feature_key": "ai_chat",
        "quantity": 1,
        "code": "insufficient_tokens",
        "quota_used": 0,
        "quota_held": 0,
        "resets_at": balance.period_end,
        "balance": 0,
        "held": 0,
        "required": 1,
    }


def _invoice(user_id: int, name: str) -> dict[str, object]:
    return {
        "user_id": user_id,
        "stripe_invoice_id": name,
        "status": "paid",
        "description": "Pro, monthly",
        "total_minor": 4900,
        "amount_paid_minor": 4900,
        "currency": "USD",
        "issued_at": clock.now() - timedelta(days=1),
    }
