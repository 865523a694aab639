"""Failures on purpose: the next calls of an operation are slow, refused, cut or never answered."""

import threading
from dataclasses import dataclass, replace

KINDS = ("status", "timeout", "reset", "html", "slow")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`operation` is "POST /v1/checkout/sessions" or a path prefix; "" fits every call.

    `is_after` lets the call take effect and loses only its answer.
    """

    account: str
    operation: str
    kind: str
    status: int = 500
    seconds: float = 30
    times: int = 1
    is_after: bool = False

    def fits(self, account: str, call: str) -> bool:
        path = call.partition(" ")[2]
        is_named = call.startswith(self.operation) or path.startswith(self.operation)
        return account == self.account and is_named


class Faults:
    """The faults that are still to happen, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self, account: str) -> None:
        with self._lock:
            self._waiting = [fault for fault in self._waiting if fault.account != account]

    def of(self, account: str) -> list[Fault]:
        with self._lock:
            return [fault for fault in self._waiting if fault.account == account]

    def take(self, account: str, call: str) -> Fault | None:
        """The fault that this call meets; it counts as one of its times."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if not fault.fits(account, call):
                    continue
                left = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                self._waiting[index : index + 1] = left
                return fault
        return None
