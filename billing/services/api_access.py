"""API access: which key this is and whom it acts for, in one statement without the ORM.

It runs before every call of the API, so it takes one round trip and opens no transaction.
"""

import hmac
import re
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import update

from billing import clock
from billing.database import db, driver, transaction
from billing.domain.secrets import fingerprint
from billing.driver import Link, Prepared, Row
from billing.errors import AccountInactive, NotAuthenticated, UserNotFound
from billing.models import ApiKey, User
from billing.services.users import ID_PATTERN, MAX_ID

log = structlog.get_logger(__name__)

KEY_PATTERN = re.compile(r"bk_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
TOUCH_INTERVAL = timedelta(minutes=1)
"""How exact `last_used_at` is: a write on every call would cost more than it tells."""
UNKNOWN_KEY_HASH = fingerprint("no key has this hash")

FIND = """
SELECT k.id, k.key_hash, k.is_service, k.scopes, k.expires_at, k.revoked_at, k.last_used_at,
    u.id, u.external_id, u.disabled_at, u.closed_at
FROM api_keys AS k LEFT JOIN users AS u ON u.id = CASE
    WHEN k.is_service THEN coalesce((SELECT id FROM users WHERE external_id = :reference), :id)
    ELSE k.user_id END
WHERE k.prefix = :prefix
"""
ON_POSTGRESQL = Prepared("api_access", FIND, prefix="text", reference="text", id="bigint")
ON_SQLITE = FIND.replace(":prefix", "?1").replace(":reference", "?2").replace(":id", "?3")


@dataclass(frozen=True, slots=True)
class Access:
    """A key that was proved, and the user whom this call is about."""

    key_id: int
    is_service: bool
    scopes: frozenset[str]
    user_id: int | None = None
    external_id: str | None = None
    is_user_active: bool = True

    @property
    def owner(self) -> str:
        """Whose idempotency keys these are: the host's, or one user's."""
        return "service" if self.is_service else f"user:{self.user_id}"

    @property
    def actor(self) -> str:
        return f"key:{self.key_id}"


@dataclass(frozen=True, slots=True)
class _Found:
    access: Access
    key_hash: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def authenticate(raw_key: str, *, reference: str | None = None) -> Access:
    """Prove the key and find whom it acts for.

    Args:
        raw_key: as the caller sent it.
        reference: whom a service key names: the host's external id, or our id.

    Raises:
        NotAuthenticated: it is no key of ours, or was revoked, has expired, or its user is out.
    """
    now = clock.now()
    shape = KEY_PATTERN.fullmatch(raw_key)
    found = _find(shape[1], reference) if shape else None
    # Compared in constant time, and also when there is nothing to compare with.
    is_right = hmac.compare_digest(
        fingerprint(raw_key), found.key_hash if found else UNKNOWN_KEY_HASH
    )
    if found is None or not is_right or not _is_usable(found, now):
        log.info("api_key.refused", api_key_id=found.access.key_id if found else None)
        raise NotAuthenticated("The API key is missing or not valid.")
    if found.last_used_at is None or found.last_used_at <= now - TOUCH_INTERVAL:
        _touch(found.access.key_id, now)
    return found.access


def require_user(access: Access, reference: str) -> None:
    """Check the user whom the call names.

    Args:
        access: from `authenticate`, which was given the same reference.
        reference: the host's external id, or our id; a user key may name its own user only.

    Raises:
        UserNotFound: there is no such user, or not for this key.
        AccountInactive: the user was disabled, or has closed the account.
    """
    own = {access.external_id, str(access.user_id)}
    if access.user_id is None or (not access.is_service and reference not in own):
        raise UserNotFound("There is no user with this id.")
    if not access.is_user_active:
        raise AccountInactive("The account of this user is disabled or closed.")


def load_user(access: Access) -> User:
    """Return the user whom the call is about.

    Args:
        access: with a user.
    """
    return db.session.get_one(User, access.user_id)


def _find(prefix: str, reference: str | None) -> _Found | None:
    is_id = reference is not None and ID_PATTERN.fullmatch(reference) and int(reference) <= MAX_ID
    named_id = int(reference) if is_id and reference else None
    row = driver().run(_execute, prefix, reference, named_id)
    if row is None:
        return None
    key_id, key_hash, is_service, scopes, expires_at, revoked_at, last_used_at, *user = row
    user_id, external_id, disabled_at, closed_at = user
    return _Found(
        Access(
            key_id,
            bool(is_service),
            frozenset(scopes.split()),
            user_id,
            external_id,
            is_user_active=disabled_at is None and closed_at is None,
        ),
        key_hash,
        _moment(expires_at),
        _moment(revoked_at),
        _moment(last_used_at),
    )


def _execute(link: Link, prefix: str, reference: str | None, user_id: int | None) -> Row | None:
    if link.reader is not None:
        rows = link.find_rows(ON_POSTGRESQL, prefix, reference, user_id)
        return rows[0] if rows else None
    with closing(link.connection.execute(ON_SQLITE, (prefix, reference, user_id))) as cursor:
        row: Row | None = cursor.fetchone()
        return row


def _moment(value: str | datetime | None) -> datetime | None:
    """Return what SQLite keeps as text, and PostgreSQL in its own zone, as aware UTC."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _is_usable(found: _Found, now: datetime) -> bool:
    has_expired = found.expires_at is not None and found.expires_at <= now
    is_out = not found.access.is_service and not found.access.is_user_active
    return found.revoked_at is None and not has_expired and not is_out


def _touch(key_id: int, now: datetime) -> None:
    with transaction() as session:
        session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))
