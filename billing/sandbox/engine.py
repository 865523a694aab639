"""The engine: accounts, units of work, the clock, and the threads that deliver and fire timers."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from billing import clock
from billing.sandbox import errors
from billing.sandbox.contract import Contract
from billing.sandbox.delivery import Dispatcher
from billing.sandbox.faults import Faults
from billing.sandbox.settings import SandboxSettings
from billing.sandbox.store import Store
from billing.sandbox.timekeeping import Timekeeper
from billing.sandbox.unit import Unit
from billing.sandbox.validation import Validator

DEFAULT_ENDPOINT = "we_1BillhookLocalApplication"


class Engine:
    """Everything that one sandbox process shares between its threads."""

    def __init__(self, settings: SandboxSettings) -> None:
        _refuse_unsafe(settings)
        self.settings = settings
        self.contract = Contract.load()
        self.validator = Validator(self.contract)
        self.store = Store(settings.database_path)
        self.faults = Faults()
        self.dispatcher = Dispatcher(self)
        self.timekeeper = Timekeeper(self)
        self._register_default_endpoint()

    def now(self) -> int:
        """The real time, in whole seconds."""
        return int(clock.now().timestamp())

    def account_of(self, api_key: str) -> str:
        """The account behind a test key; each key has its own, made on first use."""
        if not api_key.startswith("sk_test_") or len(api_key) <= len("sk_test_"):
            raise errors.invalid_key(api_key)
        digest = hashlib.sha256(api_key.encode()).hexdigest()
        account = "acct_1" + digest[:15]
        with self.store.reading() as db:
            known = db.execute("SELECT 1 FROM accounts WHERE id = ?", (account,)).fetchone()
        if known is None:
            with self.store.writing() as db:
                db.execute(
                    "INSERT OR IGNORE INTO accounts (id, api_key, created) VALUES (?, ?, ?)",
                    (account, api_key, self.now()),
                )
        return account

    @contextmanager
    def unit(self, account: str, **options: Any) -> Iterator[Unit]:
        """Work that may write; its events go out as soon as it is stored."""
        with self.store.writing() as db:
            unit = self._unit(db, account, options)
            yield unit
        if unit.events:
            self.dispatcher.wake()
            self.timekeeper.wake()

    @contextmanager
    def view(self, account: str) -> Iterator[Unit]:
        """Work that only reads."""
        with self.store.reading() as db:
            yield self._unit(db, account, {})

    def _unit(self, db: sqlite3.Connection, account: str, options: dict[str, Any]) -> Unit:
        row = db.execute("SELECT time_offset FROM accounts WHERE id = ?", (account,)).fetchone()
        real_now, offset = self.now(), row["time_offset"] if row else 0
        account_now = real_now + offset
        return Unit(
            db=db,
            account=account,
            now=account_now,
            account_now=account_now,
            # An account whose past is being made has no other time.
            real_now=min(real_now, account_now),
            contract=self.contract,
            base_url=self.settings.base_url,
            **options,
        )

    def _register_default_endpoint(self) -> None:
        settings = self.settings
        account = self.account_of(settings.default_key)
        if settings.default_webhook_url is None:
            return
        with self.unit(account) as unit:
            endpoint = unit.blank(
                "webhook_endpoint",
                {
                    "id": DEFAULT_ENDPOINT,
                    "api_version": self.contract.api_version,
                    "enabled_events": ["*"],
                    "status": "enabled",
                    "url": settings.default_webhook_url,
                },
            )
            del endpoint["secret"]
            unit.objects.delete(DEFAULT_ENDPOINT)
            unit.objects.insert(endpoint, {"secret": settings.default_webhook_secret})


def _refuse_unsafe(settings: SandboxSettings) -> None:
    if settings.environment == "production":
        raise SystemExit("The payment sandbox does not run with BILLING_ENV=production.")
    if not settings.default_key.startswith("sk_test_"):
        raise SystemExit("The payment sandbox takes test keys only (sk_test_…).")
