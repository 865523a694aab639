"""The words of the ledger: where tokens come from, what moves them, how a hold stands."""

from enum import StrEnum


class LotSource(StrEnum):
    """Why a lot of tokens exists."""

    ORDER = "order"
    BONUS = "bonus"
    GRANT = "grant"


class TransactionKind(StrEnum):
    """What moved tokens outside of an AI request."""

    GRANT = "grant"
    EXPIRE = "expire"
    CLAWBACK = "clawback"
    REPAY = "repay"
    RESTORE = "restore"
    FREEZE = "freeze"
    THAW = "thaw"
    WITHDRAW = "withdraw"


class HoldState(StrEnum):
    """A hold is open until it is settled, released, or its time is up."""

    OPEN = "open"
    SETTLED = "settled"
    RELEASED = "released"
    EXPIRED = "expired"
