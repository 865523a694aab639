"""One valid row for every table of any revision, made from what the columns themselves say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

START = datetime(2026, 1, 31, tzinfo=UTC)
END = START + timedelta(days=28)
# Columns that a CHECK ties to others; all else is 0, "x", false, START or END.
CHOSEN: dict[str, dict[str, Any]] = {
    "ai_requests": {"quantity": 1, "from_quota": 1},
    "api_keys": {"is_service": True},
    "hold_lots": {"tokens": 1},
    "holds": {"quantity": 1, "from_quota": 1, "state": "open"},
    "lot_burns": {"spent_to": 2},
    "one_time_links": {"purpose": "verify_email"},
    "orders": {"kind": "tokens", "state": "open", "token_package_id": 1},
    "revenue_movements": {"kind": "new", "delta_minor": 1, "monthly_minor": 1},
    "token_lots": {"tokens": 1, "remaining": 1, "source": "grant"},
    "token_packages": {"tokens": 1, "price_minor": 1},
    "token_transactions": {"kind": "grant", "delta": 1, "source": "grant"},
    "usage_alerts": {"kind": "quota"},
    "user_subscriptions": {"status": "active"},
    "user_token_balances": {"balance": 1},
    "webhook_attempts": {"state": "processed"},
    "webhook_events": {"state": "pending", "deliveries": 1},
}
LATER = ("_end", "_at", "_until")


def insert_row(connection: sa.Connection, table: sa.Table) -> None:
    """Insert a row whose keys are 1, so that each row points to the others."""
    chosen = CHOSEN.get(table.name, {})
    row = {
        column.name: chosen.get(column.name, _value(column))
        for column in table.columns
        if not column.nullable or column.name in chosen
    }
    connection.execute(sa.insert(table).values(row))


def _value(column: sa.Column[Any]) -> Any:
    kind = column.type
    if column.primary_key and isinstance(kind, sa.Integer):
        return 1
    if isinstance(kind, sa.DateTime):
        return END if column.name.endswith(LATER) and column.name != "created_at" else START
    if isinstance(kind, sa.Date):
        return START.date()
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer):
        return 1 if column.name.endswith("_id") else 0
    return {} if isinstance(kind, sa.JSON) else "x"
