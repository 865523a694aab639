"""How Stripe's fields become our types."""

from datetime import UTC, datetime
from typing import Protocol

from billing.domain.money import Money


class HasId(Protocol):
    """A Stripe object that was expanded where an id would stand."""

    @property
    def id(self) -> str: ...


def id_of(reference: "str | HasId | None") -> str | None:
    """Return the id, whether Stripe gave the id or the whole object."""
    if reference is None or isinstance(reference, str):
        return reference
    return reference.id


def moment(epoch_seconds: int) -> datetime:
    """Return Stripe's Unix time as an aware UTC datetime."""
    return datetime.fromtimestamp(epoch_seconds, UTC)


def optional_moment(epoch_seconds: int | None) -> datetime | None:
    """Return the moment where Stripe has one."""
    return None if epoch_seconds is None else moment(epoch_seconds)


def minor_units(amount: int, currency: str) -> Money:
    """Return Stripe's amount, which is in minor units already, with its currency."""
    return Money(amount, currency.upper())
