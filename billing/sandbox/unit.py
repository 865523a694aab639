"""One account's work in one transaction: objects read and written, events emitted."""

import copy
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from billing.sandbox import webhooks
from billing.sandbox.contract import Contract, Json
from billing.sandbox.errors import no_such
from billing.sandbox.ids import new_id
from billing.sandbox.store import Objects


@dataclass(kw_only=True)
class Unit:
    """What a handler may touch.

    `now` is when it happens, in whole seconds: the time of the test clock of whom it is about, or
    else `account_now`, which the control page may have moved. `real_now` is the real time,
    or that of an account whose past is being made.
    """

    db: sqlite3.Connection
    account: str
    now: int
    account_now: int
    real_now: int
    contract: Contract
    base_url: str
    plan: webhooks.Plan = field(default_factory=lambda: webhooks.Plan())
    clock: str | None = None
    request_id: str | None = None
    idempotency_key: str | None = None
    events: list[str] = field(default_factory=list)

    @property
    def objects(self) -> Objects:
        return Objects(self.db, self.account)

    def create(self, kind: str, fields: Json, private: Json | None = None) -> Json:
        """Store a new object: Stripe's blank of that kind with these fields."""
        body = self.blank(kind, fields)
        self.objects.insert(body, private or {})
        return body

    def blank(self, kind: str, fields: Json) -> Json:
        body = self.contract.blank(kind)
        body |= {"id": new_id(kind), "object": kind}
        body |= {name: self.now for name in ("created", "updated") if name in body}
        return body | fields

    def get(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Json:
        """The object, or Stripe's `resource_missing`."""
        found = self.objects.find(object_id)
        if found is None or found["object"] != kind:
            raise no_such(kind, object_id, param=param, status=status)
        return found

    def referenced(self, kind: str, object_id: str, param: str) -> Json:
        """An object that a parameter names: a missing one is a 400."""
        return self.get(kind, object_id, param=param, status=400)

    def change(self, body: Json, changes: Json, event: str | None = None) -> Json:
        """Write changed fields and, when something differs, emit `event` with the old values."""
        after = body | changes
        previous = differences(body, after)
        if not previous:
            return body
        if "updated" in after:
            after["updated"] = self.now
        self.objects.replace(after)
        if event:
            self.emit(event, after, previous)
        return after

    def emit(self, event_type: str, body: Json, previous: Json | None = None) -> None:
        """Record an event about the object as it is now, and its deliveries."""
        if event_type not in self.contract.event_types:
            raise AssertionError(f"{event_type} is not an event of Stripe")
        data: Json = {"object": copy.deepcopy(body)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = self.blank(
            "event",
            {
                # Events happen in real time, whatever a test clock says.
                "created": self.real_now,
                "api_version": self.contract.api_version,
                "data": data,
                "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
                "type": event_type,
            },
        )
        # Only events of connected accounts carry these two.
        del event["account"], event["context"]
        self.objects.insert(event, {})
        self.events.append(event["id"])
        webhooks.plan_deliveries(self.db, self.account, event, self.plan)

    def schedule(self, action: str, object_id: str, due: float) -> None:
        """Have `action` run for the object at that time, of its test clock if it has one."""
        self._add_timer(action, object_id, due, self.clock)

    def schedule_for_real(self, action: str, object_id: str, due: float) -> None:
        """Have `action` run at that real time, whatever a test clock says."""
        self._add_timer(action, object_id, due + self.account_now - self.real_now, None)

    def _add_timer(self, action: str, object_id: str, due: float, clock: str | None) -> None:
        self.db.execute(
            "INSERT INTO timers (account, due, action, object, clock) VALUES (?, ?, ?, ?, ?)",
            (self.account, due, action, object_id, clock),
        )

    def at_clock(self, clock: Json) -> None:
        """Go on at the time of a test clock."""
        self.clock, self.now = clock["id"], clock["frozen_time"]


def differences(before: Json, after: Json) -> Json:
    """The old values of what changed, nested as in Stripe's `previous_attributes`."""
    changed: dict[str, Any] = {}
    for name, value in after.items():
        old = before.get(name)
        if old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict) and value.get("object") != "list":
            gone = {key: old[key] for key in old if key not in value}
            changed[name] = differences(old, value) | gone
        else:
            changed[name] = old
    return changed
