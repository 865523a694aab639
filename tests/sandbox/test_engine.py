"""The engine in this process: safety, the default account, timers, periods, units of work."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.sandbox import SandboxSettings, create_sandbox, periods
from billing.sandbox.engine import DEFAULT_ENDPOINT, Engine
from billing.sandbox.resources import checkout_sessions, prices
from billing.sandbox.webhooks import retry_delay_seconds

KEY = "sk_test_engine"


@pytest.fixture
def settings(tmp_path: Path) -> SandboxSettings:
    return SandboxSettings(
        base_url="http://127.0.0.1:1",
        database_path=tmp_path / "sandbox.db",
        default_key=KEY,
        default_webhook_url="http://127.0.0.1:1/webhooks/stripe",
        default_webhook_secret="whsec_engine",
    )


@pytest.fixture
def engine(settings: SandboxSettings) -> Iterator[Engine]:
    found = Engine(settings)
    yield found
    found.dispatcher.stop()


def test_it_does_not_run_in_production(settings: SandboxSettings) -> None:
    with pytest.raises(SystemExit, match="BILLING_ENV=production"):
        create_sandbox(replace(settings, environment="production"))


def test_it_does_not_run_with_a_live_key(settings: SandboxSettings) -> None:
    with pytest.raises(SystemExit, match="test keys only"):
        create_sandbox(replace(settings, default_key="sk_live_real"))


def test_the_default_account_has_its_endpoint(engine: Engine, settings: SandboxSettings) -> None:
    moved = Engine(replace(settings, default_webhook_url="http://127.0.0.1:2/webhooks/stripe"))

    with moved.view(engine.account_of(KEY)) as unit:
        endpoint = unit.get("webhook_endpoint", DEFAULT_ENDPOINT)
        secret = unit.objects.private(DEFAULT_ENDPOINT)["secret"]

    assert endpoint["url"] == "http://127.0.0.1:2/webhooks/stripe"
    assert (endpoint["enabled_events"], secret) == (["*"], "whsec_engine")


def open_session(engine: Engine) -> str:
    account = engine.account_of(KEY)
    with engine.unit(account) as unit:
        price = prices.create(
            unit, {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Tokens"}}
        )
        session = checkout_sessions.create(
            unit,
            {
                "mode": "payment",
                "line_items": [{"price": price["id"], "quantity": 1}],
                "success_url": "http://shop.test/done",
            },
        )
    return str(session["id"])


def test_a_session_expires_when_its_time_comes(engine: Engine) -> None:
    session_id, account = open_session(engine), engine.account_of(KEY)
    with engine.store.writing() as db:
        db.execute("UPDATE deliveries SET state = 'delivered'")
        due = db.execute("SELECT due FROM timers WHERE object = ?", (session_id,)).fetchone()[0]
        db.execute("UPDATE timers SET due = 0")

    engine.timekeeper.fire_timers()

    with engine.view(account) as unit:
        session = unit.get("checkout.session", session_id)
        events = unit.objects.all("event", type="checkout.session.expired")
        left = unit.db.execute("SELECT count(*) FROM timers").fetchone()[0]
    assert (session["status"], session["url"]) == ("expired", None)
    assert due == session["expires_at"]
    assert (len(events), left) == (1, 0)


def test_a_timer_of_something_gone_is_dropped(engine: Engine) -> None:
    account = engine.account_of(KEY)
    with engine.unit(account) as unit:
        unit.schedule("settle_payment", "cs_test_gone", 0)

    engine.timekeeper.fire_timers()

    with engine.view(account) as unit:
        assert unit.db.execute("SELECT count(*) FROM timers").fetchone()[0] == 0


def test_a_unit_that_fails_leaves_nothing(engine: Engine) -> None:
    account = engine.account_of(KEY)

    def fail_midway() -> None:
        with engine.unit(account) as unit:
            unit.emit("product.created", unit.create("product", {"name": "half"}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()

    with engine.view(account) as unit:
        assert unit.objects.all("product") == []
        assert unit.objects.all("event") == []


@pytest.mark.parametrize(
    ("start", "interval", "count", "end"),
    [
        ("2026-01-31", "month", 1, "2026-02-28"),
        ("2026-01-31", "month", 2, "2026-03-31"),
        ("2024-02-29", "year", 1, "2025-02-28"),
        ("2026-11-30", "month", 3, "2027-02-28"),
        ("2026-01-31", "week", 2, "2026-02-14"),
        ("2026-01-31", "day", 1, "2026-02-01"),
    ],
)
def test_periods_are_counted_from_the_anchor(
    start: str, interval: str, count: int, end: str
) -> None:
    assert periods.after(at(start), interval, count) == at(end)


def test_retries_come_quickly_then_slowly() -> None:
    assert [retry_delay_seconds(n) for n in (1, 2, 3, 7, 50)] == [1, 2, 5, 300, 300]


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
