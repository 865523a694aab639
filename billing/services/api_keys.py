"""API keys: shown once, recognised by a prefix, checked against a hash.

A key reads `bk_<8 characters>_<256 random bits>`. A plain SHA-256 is right for so much randomness.
"""

import secrets
import string
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.domain.secrets import fingerprint, new_secret
from billing.errors import NotFound
from billing.messages import Message
from billing.models import ApiKey, AuditEntry, User
from billing.observability.timing import log_service_operation

log = structlog.get_logger(__name__)

PREFIX_ALPHABET = string.ascii_lowercase + string.digits
PREFIX_LENGTH = 8
ALL_SCOPES = ("read", "write")


@log_service_operation
def create(
    *,
    actor: str,
    user: User | None = None,
    name: str = "",
    scopes: Sequence[str] = ALL_SCOPES,
    expires_at: datetime | None = None,
) -> str:
    """Make a key and return it: the only time that anybody sees it.

    Args:
        actor: who does it, for the audit log: `cli`, `user:7`.
        user: whom the key acts for; without one it is a service key, which acts for anybody.
        name: what its owner calls it.
        scopes: what it may do: `read`, `write`.
        expires_at: when it stops working by itself.
    """
    prefix = "".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_LENGTH))
    raw_key = f"bk_{prefix}_{new_secret()}"
    with transaction() as session:
        key = ApiKey(
            prefix=prefix,
            key_hash=fingerprint(raw_key),
            user_id=user.id if user else None,
            is_service=user is None,
            name=name,
            scopes=" ".join(scopes),
            expires_at=expires_at,
        )
        session.add(key)
        session.flush()
        session.add(_audit(key, action="api_key.created", actor=actor))
        log.info("api_key.created", api_key_id=key.id, user_id=key.user_id, actor=actor)
    return raw_key


def list_for(user: User) -> Sequence[ApiKey]:
    """Return the user's keys that were not revoked, newest first."""
    return db.session.scalars(
        select(ApiKey)
        .where(ApiKey.user_id == user.id, ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.id.desc())
    ).all()


def list_service_keys() -> Sequence[ApiKey]:
    """Return the host's keys, newest first, revoked ones too."""
    return db.session.scalars(
        select(ApiKey).where(ApiKey.is_service).order_by(ApiKey.id.desc())
    ).all()


def get(prefix: str) -> ApiKey:
    """Return the key with this prefix.

    Args:
        prefix: the 8 characters after `bk_`.

    Raises:
        NotFound: there is none.
    """
    key = db.session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))
    if key is None:
        raise NotFound(Message("There is no such API key."))
    return key


def get_for(user: User, key_id: int) -> ApiKey:
    """Return one of the user's keys that was not revoked.

    Raises:
        NotFound: there is no such key, or it is somebody else's.
    """
    key = db.session.get(ApiKey, key_id)
    if key is None or key.user_id != user.id or key.revoked_at is not None:
        raise NotFound(Message("There is no such API key."))
    return key


@log_service_operation
def revoke(key_id: int, *, actor: str, user: User | None = None) -> None:
    """Make a key stop working for ever.

    Args:
        key_id: our id of the key.
        actor: who does it, for the audit log.
        user: whose key it must be; None for an operator, who may revoke any.

    Raises:
        NotFound: there is no such key, or it is somebody else's.
    """
    with transaction() as session:
        key = session.get(ApiKey, key_id)
        if key is None or (user is not None and key.user_id != user.id):
            raise NotFound(Message("There is no such API key."))
        if key.revoked_at is not None:
            return
        key.revoked_at = clock.now()
        session.add(_audit(key, action="api_key.revoked", actor=actor))
        log.info("api_key.revoked", api_key_id=key_id, user_id=key.user_id, actor=actor)


def _audit(key: ApiKey, *, action: str, actor: str) -> AuditEntry:
    return AuditEntry(
        actor=actor,
        actor_user_id=key.user_id if actor == f"user:{key.user_id}" else None,
        action=action,
        subject_type="api_key",
        subject_id=key.id,
        after={"prefix": key.prefix, "scopes": key.scopes, "is_service": key.is_service},
    )
