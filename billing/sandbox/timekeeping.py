"""The thread that lets time pass: timers fire when they are due, in the real time of an account
that the control page may have moved, or at the time of a test clock that is being advanced."""

import logging
import sqlite3
import threading
from typing import TYPE_CHECKING

from billing.sandbox import clocks
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.timers import ACTIONS
from billing.sandbox.unit import Unit

if TYPE_CHECKING:
    from billing.sandbox.engine import Engine

log = logging.getLogger(__name__)

LONGEST_SLEEP_SECONDS = 1.0
STOP_SECONDS = 2
_DUE_NOW = """SELECT t.*, a.time_offset FROM timers t JOIN accounts a ON a.id = t.account
    WHERE t.clock IS NULL AND t.due <= :now + a.time_offset
    AND t.due <= :now + (SELECT max(time_offset) FROM accounts) ORDER BY t.due, t.id LIMIT 1"""
_DUE_AT_CLOCK = """SELECT t.* FROM timers t JOIN objects o ON o.account = t.account
    AND o.id = t.clock WHERE t.due <= json_extract(o.body, '$.frozen_time')
    ORDER BY t.due, t.id LIMIT 1"""
_ADVANCING = """SELECT account, id FROM objects WHERE kind = 'test_helpers.test_clock'
    AND json_extract(body, '$.status') = 'advancing' LIMIT 1"""
_NEXT = "SELECT min(due) FROM timers WHERE account = ? AND clock IS ? AND due <= ?"


class Timekeeper:
    """Fires one timer after the other, each at its own moment."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        # One at a time: what is due first must happen first.
        self._turn = threading.RLock()
        self._awake, self._is_stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_stopping.set()
        self.wake()
        self._thread.join(STOP_SECONDS)

    def wake(self) -> None:
        self._awake.set()

    def _watch(self) -> None:
        while not self._is_stopping.is_set():
            self._awake.clear()
            try:
                self.fire_timers()
            except Exception:
                # The thread's outer edge: without it no time would pass any more.
                log.exception("the sandbox could not look for what is due")
            self._awake.wait(LONGEST_SLEEP_SECONDS)

    def fire_timers(self) -> None:
        """Run everything whose time has come, and what comes of it."""
        while not self._is_stopping.is_set():
            with self._turn:
                if not (self._fire_one() or self._advance_one()):
                    break
            self._engine.dispatcher.notify()

    def advance_account(self, account: str, target: int) -> None:
        """Let the account's own time pass up to `target`, through everything that is due."""
        with self._turn:
            while not self._is_stopping.is_set():
                due = self._next_due(account, None, target)
                self._move(account, target if due is None else due)
                self.fire_timers()
                if due is None:
                    return

    def _move(self, account: str, moment: int) -> None:
        """Set the account's time, never back."""
        with self._engine.store.writing() as db:
            db.execute(
                "UPDATE accounts SET time_offset = max(time_offset, ?) WHERE id = ?",
                (moment - self._engine.now(), account),
            )

    def _next_due(self, account: str, clock: str | None, until: int) -> int | None:
        with self._engine.store.reading() as db:
            due = db.execute(_NEXT, (account, clock, until)).fetchone()[0]
        return None if due is None else int(due)

    def _fire_one(self) -> bool:
        """Fire the timer that is due first; False when none is."""
        with self._engine.store.reading() as db:
            timer = db.execute(_DUE_NOW, {"now": self._engine.now()}).fetchone()
            timer = timer or db.execute(_DUE_AT_CLOCK).fetchone()
        if timer is None:
            return False
        try:
            with self._engine.unit(timer["account"]) as unit:
                unit.db.execute("DELETE FROM timers WHERE id = ?", (timer["id"],))
                _fire(unit, timer)
        except Exception:
            # One timer that breaks must not stop the time of everybody.
            log.exception("the timer %s of %s broke", timer["action"], timer["object"])
            with self._engine.store.writing() as db:
                db.execute("DELETE FROM timers WHERE id = ?", (timer["id"],))
        return True

    def _advance_one(self) -> bool:
        """Move a clock that is being advanced to its next timer, or to its target."""
        with self._engine.store.reading() as db:
            row = db.execute(_ADVANCING).fetchone()
        if row is None:
            return False
        with self._engine.view(row["account"]) as unit:
            clock = unit.get(clocks.KIND, row["id"])
        target = clocks.target_of(clock)
        due = self._next_due(row["account"], row["id"], target)
        with self._engine.unit(row["account"]) as unit:
            clock = unit.get(clocks.KIND, row["id"])
            if due is None:
                clocks.arrive(unit, clock)
            else:
                unit.change(clock, {"frozen_time": max(due, clock["frozen_time"])})
        return True


def _fire(unit: Unit, timer: sqlite3.Row) -> None:
    """What cannot happen any more, such as for an object that is gone, is dropped."""
    clock: Json | None = unit.objects.find(timer["clock"] or "")
    if clock:
        unit.at_clock(clock)
    elif timer["due"] > 0:
        unit.now = min(unit.now, int(timer["due"]))
    try:
        ACTIONS[timer["action"]](unit, timer["object"])
    except ApiError as refusal:
        log.warning("the timer %s of %s: %s", timer["action"], timer["object"], refusal)
