"""The rows of a batch: read with a lock, reckoned in memory, written in one statement a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy.orm import Session

from billing.domain.metering import Quota, Receipt
from billing.services import balances, batch_statements, marks
from billing.services.batch_statements import Statement
from billing.services.usage_rollup import ENTRIES_PER_ROLLUP


@dataclass(frozen=True, slots=True)
class Right:
    """A metered feature that somebody in the batch asks for."""

    feature_id: int
    feature_key: str
    token_cost: int


@dataclass(slots=True)
class Account:
    """One user's row while the batch moves it."""

    user_id: int
    external_id: str | None
    tier_version_id: int
    entries: int
    rolled_up: int
    balance: int
    held: int
    spent_total: int
    quota_limit: int | None
    quota_used: int
    quota_held: int
    quota_mark: int
    token_mark: int
    period_start: datetime
    period_end: datetime
    due_at: datetime
    is_moved: bool = False

    @property
    def quota(self) -> Quota:
        """Where the quota stands."""
        return Quota(self.quota_limit, self.quota_used, self.period_end, self.quota_held)

    @property
    def name(self) -> str:
        """What the host calls the user."""
        return self.external_id or str(self.user_id)

    def is_overdue(self, now: datetime) -> bool:
        """Whether something must be posted before the row's numbers are true."""
        return self.due_at <= now or self.entries - self.rolled_up >= ENTRIES_PER_ROLLUP

    @property
    def reaches_a_mark(self) -> bool:
        """Whether there is something to note."""
        return self.quota_used >= self.quota_mark or self.balance < self.token_mark

    def receipt(self, charge: "Charge", feature_key: str, now: datetime) -> Receipt:
        """Return the receipt of the charge that the row has just seen."""
        return Receipt(
            id=f"air_{self.user_id}_{charge.entry}",
            user=self.name,
            feature=feature_key,
            quantity=charge.quantity,
            from_quota=charge.from_quota,
            tokens_charged=charge.tokens_charged,
            quota=self.quota,
            token_balance=self.balance,
            created_at=now,
        )

    def charge(self, right: Right, quantity: int, key: str | None) -> "Charge | None":
        """Take the requests from quota and tokens, or nothing where both do not suffice."""
        from_quota = self.quota.covers(quantity)
        tokens = (quantity - from_quota) * right.token_cost
        if tokens > self.balance - self.held:
            return None
        self.entries += 1
        self.quota_used += from_quota
        self.balance -= tokens
        self.spent_total += tokens
        self.is_moved = True
        return Charge(
            user_id=self.user_id,
            entry=self.entries,
            feature_id=right.feature_id,
            quantity=quantity,
            from_quota=from_quota,
            tokens_charged=tokens,
            quota_used=self.quota_used,
            balance_after=self.balance,
            spent_total=self.spent_total,
            idempotency_key=key,
        )


@dataclass(frozen=True, slots=True)
class Charge:
    """One request that was paid: the row to be written."""

    user_id: int
    entry: int
    feature_id: int
    quantity: int
    from_quota: int
    tokens_charged: int
    quota_used: int
    balance_after: int
    spent_total: int
    idempotency_key: str | None


CHARGE_COLUMNS = attrgetter(
    "user_id",
    "entry",
    "feature_id",
    "quantity",
    "from_quota",
    "tokens_charged",
    "quota_used",
    "balance_after",
    "spent_total",
    "idempotency_key",
)
"""In the order of `batch_statements.RECORD`."""
MOVED_COLUMNS = attrgetter(
    "user_id", "entries", "quota_used", "balance", "spent_total", "quota_mark", "token_mark"
)
"""In the order of `batch_statements.MOVE`."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may use which of the features that the batch asks for."""

    features: Mapping[str, Right]
    included: frozenset[tuple[int, int]]
    overrides: Mapping[tuple[int, int], bool]

    def find(self, account: Account, feature_key: str) -> Right | None:
        """Return the metered feature if the user may use it."""
        right = self.features.get(feature_key)
        if right is None:
            return None
        is_included = (account.tier_version_id, right.feature_id) in self.included
        is_allowed = self.overrides.get((account.user_id, right.feature_id), is_included)
        return right if is_allowed else None


def lock(session: Session, user_ids: Sequence[int]) -> dict[int, Account]:
    """Lock the users' rows in ascending order, and return them; a missing one is left out.

    Args:
        session: the session of the open transaction.
        user_ids: ours.
    """
    rows = _execute(session, batch_statements.LOCK, [[user_id] for user_id in user_ids])
    return {row.user_id: Account(*row) for row in rows}


def read_rights(
    session: Session, user_ids: Sequence[int], *, feature_keys: Iterable[str], now: datetime
) -> Rights:
    """Read which of the metered features each tier includes, and the overrides of the users.

    Args:
        session: the session of the open transaction.
        user_ids: ours.
        feature_keys: what is asked for; unknown ones are left out.
        now: aware UTC.
    """
    features: dict[str, Right] = {}
    included = set()
    keys = [[key] for key in feature_keys]
    for key, feature_id, cost, tier_version_id in _execute(
        session, batch_statements.FEATURES, keys
    ):
        features[key] = Right(feature_id, key, cost)
        included.add((tier_version_id, feature_id))
    users = [[user_id] for user_id in user_ids]
    rows = _execute(session, batch_statements.OVERRIDES, users, now=now)
    overrides = {
        (user_id, feature_id): bool(is_allowed) for user_id, feature_id, is_allowed in rows
    }
    return Rights(features, frozenset(included), overrides)


def read_twins(
    session: Session, keys: Sequence[tuple[int, str]], accounts: Mapping[int, Account]
) -> dict[tuple[int, str], Receipt]:
    """Return the receipts of the requests that took one of the keys before, by user and key.

    Args:
        session: the session of the open transaction.
        keys: of users whose rows are locked.
        accounts: those rows.
    """
    if not keys:
        return {}
    return {
        (twin.user_id, twin.idempotency_key): Receipt(
            id=f"air_{twin.user_id}_{twin.entry}",
            user=accounts[twin.user_id].name,
            feature=twin.feature_key,
            quantity=twin.quantity,
            from_quota=twin.from_quota,
            tokens_charged=twin.tokens_charged,
            quota=Quota(twin.quota_limit, twin.quota_used, twin.resets_at, twin.quota_held),
            token_balance=twin.balance_after,
            created_at=twin.created_at,
            is_replay=True,
        )
        for twin in _execute(session, batch_statements.TWINS, keys)
    }


def write(
    session: Session, charges: Sequence[Charge], accounts: Iterable[Account], now: datetime
) -> None:
    """Write the moved rows and their requests.

    Args:
        session: the session of the open transaction.
        charges: what was paid.
        accounts: the rows as the charges left them.
        now: aware UTC.
    """
    if not charges:
        return
    moved = [account for account in accounts if account.is_moved]
    for account in moved:
        if account.reaches_a_mark:
            marks.note(session, account, now)
    numbers = [MOVED_COLUMNS(account) for account in moved]
    _execute(session, batch_statements.MOVE, numbers)
    lines = [CHARGE_COLUMNS(charge) for charge in charges]
    _execute(session, batch_statements.RECORD, lines, now=now)
    balances.forget({account.user_id for account in moved})


def _execute(
    session: Session,
    statement: Statement,
    rows: Sequence[Sequence[Any]],
    **moments: datetime,
) -> Iterable[Any]:
    dialect = session.get_bind().dialect.name
    parameters = {**statement.parameters(dialect, rows), **moments}
    found: Iterable[Any] = session.execute(statement.by_dialect[dialect], parameters)
    return found
