"""Events with the story of their deliveries, and sending them again."""

from billing.sandbox import webhooks
from billing.sandbox.contract import Json
from billing.sandbox.unit import Unit


def events_with_deliveries(
    unit: Unit,
    *,
    event_type: str | None = None,
    state: str | None = None,
    about: str | None = None,
    limit: int = -1,
) -> list[Json]:
    """Events oldest first, each with its deliveries and their attempts.

    `about` is the id of the event's object; `state` that of any of its deliveries.
    """
    where, values = [], []
    if event_type:
        where.append("json_extract(body, '$.type') = ?")
        values.append(event_type)
    if about:
        where.append("json_extract(body, '$.data.object.id') = ?")
        values.append(about)
    events = unit.objects.select("event", where, values, order="DESC", limit=limit)[::-1]
    told = [event | {"deliveries": deliveries_of(unit, event["id"])} for event in events]
    if state is None:
        return told
    return [event for event in told if any(d["state"] == state for d in event["deliveries"])]


def deliveries_of(unit: Unit, event_id: str) -> list[Json]:
    rows = unit.db.execute(
        "SELECT id, endpoint, state, attempts, next_at FROM deliveries"
        " WHERE account = ? AND event = ? ORDER BY id",
        (unit.account, event_id),
    ).fetchall()
    return [dict(row) | {"log": _attempts(unit, row["id"])} for row in rows]


def deliver_event(unit: Unit, event_id: str, *, times: int, delay_seconds: float) -> None:
    """Send an event to every endpoint that wants it; what was held or dropped counts as sent."""
    event = unit.get("event", event_id)
    unit.db.execute(
        "DELETE FROM deliveries WHERE account = ? AND event = ? AND attempts = 0"
        " AND state IN ('held', 'dropped')",
        (unit.account, event_id),
    )
    due = webhooks.real_time() + delay_seconds
    for endpoint in webhooks.endpoints_for(unit.db, unit.account, event["type"]):
        for _ in range(times):
            ids = (unit.account, event_id, endpoint["id"])
            webhooks.add_delivery(unit.db, ids, state="pending", next_at=due)


def deliver_held(unit: Unit) -> None:
    """Let go of every delivery that was held."""
    unit.db.execute(
        "UPDATE deliveries SET state = 'pending', next_at = ? WHERE account = ? AND state = 'held'",
        (webhooks.real_time(), unit.account),
    )


def forget(unit: Unit) -> None:
    """Delete all that the account has: a test that ends leaves nothing to be delivered."""
    unit.db.execute(
        "DELETE FROM attempts WHERE delivery IN (SELECT id FROM deliveries WHERE account = ?)",
        (unit.account,),
    )
    for table in ("deliveries", "timers", "idempotency", "objects"):
        unit.db.execute(f"DELETE FROM {table} WHERE account = ?", (unit.account,))  # noqa: S608
    unit.db.execute(
        "UPDATE accounts SET webhook_mode = 'normal', billing = '{}', time_offset = 0 WHERE id = ?",
        (unit.account,),
    )


def _attempts(unit: Unit, delivery_id: int) -> list[Json]:
    rows = unit.db.execute(
        "SELECT at, status, error, milliseconds FROM attempts WHERE delivery = ? ORDER BY at",
        (delivery_id,),
    )
    return [dict(row) for row in rows]
