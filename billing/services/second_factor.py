"""The second factor of a log-in: a code of an authenticator app, or one from paper.

Nothing secret is stored. The app's secret is made from a salt and the app's key; of the recovery
codes, which are 80 random bits each, there is a hash.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from billing import clock
from billing.database import db, transaction
from billing.domain import totp
from billing.domain.secrets import fingerprint, new_secret
from billing.errors import Conflict, InvalidInput
from billing.messages import Message
from billing.models import AuditEntry, RecoveryCode, SecondFactor, User
from billing.observability.timing import log_service_operation
from billing.services import attempts

log = structlog.get_logger(__name__)

WAITING_LIFETIME = timedelta(minutes=10)
RECOVERY_CODES = 10
RECOVERY_CODE_BYTES = 10
GROUP_LENGTH = 4
WRONG_CODE = Message("This is not the code that the app shows now")


class Waiting(TypedDict):
    """A log-in between its two steps."""

    user_id: int
    since: int
    password: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person puts into their authenticator app, by its camera or by hand."""

    secret: str
    uri: str


def is_on(user: User) -> bool:
    """Return whether a code is asked of the user at the log-in."""
    factor = _find(user)
    return factor is not None and factor.confirmed_at is not None


def count_recovery_codes(user: User) -> int:
    """Return how many codes on paper were not used yet."""
    unused = select(func.count(RecoveryCode.id)).where(
        RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None)
    )
    return db.session.scalar(unused) or 0


@log_service_operation
def begin(user: User, *, key: str, issuer: str) -> Enrolment:
    """Return what the user's app needs; until `confirm` nothing is asked at the log-in.

    Args:
        user: who is logged in.
        key: what secrets are made with; it must not change.
        issuer: whose code it is, for the app's list.

    Raises:
        Conflict: it is on already.
    """
    with transaction() as session:
        factor = _find(user)
        if factor is None:
            factor = SecondFactor(user_id=user.id, salt=new_secret())
            session.add(factor)
        if factor.confirmed_at is not None:
            raise Conflict(Message("Two-step login is on already."))
    secret = totp.secret_of(key, factor.salt)
    return Enrolment(secret, totp.uri_of(secret, account=user.email, issuer=issuer))


@log_service_operation
def confirm(user: User, code: str, *, key: str) -> list[str]:
    """Turn it on with a first code, and return the recovery codes: the only time they are seen.

    Args:
        user: who has put the secret into their app.
        code: that the app shows.
        key: as for `begin`.

    Raises:
        InvalidInput: it is not the code.
        RateLimited: 5 wrong codes in 15 minutes.
    """
    attempts.spend(attempts.CODE_BY_ACCOUNT, user.email)
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    with transaction() as session:
        factor = _lock(session, user)
        if factor is None or not _take_step(factor, code, key=key):
            raise _wrong_code(user)
        factor.confirmed_at = clock.now()
        session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        session.add_all(
            RecoveryCode(user_id=user.id, code_hash=fingerprint(_stored_form(each)))
            for each in codes
        )
        session.add(_audit(user, "second_factor.on", actor=f"user:{user.id}"))
        attempts.forget(attempts.CODE_BY_ACCOUNT, user.email)
    log.info("second_factor.on", user_id=user.id)
    return codes


def wait_for_code(user: User) -> Waiting:
    """Return what the browser of a user keeps between the password and the code.

    Args:
        user: whose password was right just now.
    """
    return Waiting(
        user_id=user.id,
        since=int(clock.now().timestamp()),
        password=fingerprint(user.password_hash or ""),
    )


def find_waiting(waiting: Waiting) -> User | None:
    """Return who is to give a code; nobody after 10 minutes, or when the password has changed.

    Args:
        waiting: from `wait_for_code`, as the browser has kept it under our signature.
    """
    is_over = clock.now().timestamp() - waiting["since"] > WAITING_LIFETIME.total_seconds()
    user = None if is_over else db.session.get(User, waiting["user_id"])
    if user is None or not user.is_active:
        return None
    return user if fingerprint(user.password_hash or "") == waiting["password"] else None


@log_service_operation
def check(user: User, code: str, *, key: str) -> None:
    """Let the user pass who has the app, or a code on paper; no code passes twice.

    Args:
        user: whose password was right.
        code: as it was typed.
        key: as for `begin`.

    Raises:
        InvalidInput: it is not the code, or was used before.
        RateLimited: 5 wrong codes in 15 minutes.
    """
    attempts.spend(attempts.CODE_BY_ACCOUNT, user.email)
    with transaction() as session:
        factor = _lock(session, user)
        is_code = factor is not None and _take_step(factor, code, key=key)
        if not is_code and not _take_recovery_code(session, user, code):
            raise _wrong_code(user)
        attempts.forget(attempts.CODE_BY_ACCOUNT, user.email)
    log.info("second_factor.passed", user_id=user.id, by="app" if is_code else "recovery_code")


@log_service_operation
def turn_off(user: User, *, actor: str) -> None:
    """Ask for the password alone from now on.

    Args:
        user: who has given the password again, or whose phone an operator knows to be lost.
        actor: who does it, for the audit log.
    """
    with transaction() as session:
        session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
        session.add(_audit(user, "second_factor.off", actor=actor))
    log.warning("second_factor.off", user_id=user.id, actor=actor)


def _find(user: User) -> SecondFactor | None:
    return db.session.scalar(select(SecondFactor).where(SecondFactor.user_id == user.id))


def _lock(session: Session, user: User) -> SecondFactor | None:
    locked = select(SecondFactor).where(SecondFactor.user_id == user.id).with_for_update()
    return session.scalar(locked.execution_options(populate_existing=True))


def _take_step(factor: SecondFactor, code: str, *, key: str) -> bool:
    secret = totp.secret_of(key, factor.salt)
    step = totp.find_step(secret, code.replace(" ", ""), now=clock.now())
    if step is None or step <= factor.last_step:
        return False
    factor.last_step = step
    return True


def _take_recovery_code(session: Session, user: User, code: str) -> bool:
    taken = session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash == fingerprint(_stored_form(code)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
    )
    return taken is not None


def _new_recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(RECOVERY_CODE_BYTES)).decode().lower()
    return "-".join(text[at : at + GROUP_LENGTH] for at in range(0, len(text), GROUP_LENGTH))


def _stored_form(code: str) -> str:
    return "".join(character for character in code.lower() if character.isalnum())


def _wrong_code(user: User) -> InvalidInput:
    log.info("second_factor.failed", user_id=user.id)
    return InvalidInput("Check the field.", errors={"code": WRONG_CODE})


def _audit(user: User, action: str, *, actor: str) -> AuditEntry:
    is_own = actor == f"user:{user.id}"
    return AuditEntry(
        actor=actor,
        actor_user_id=user.id if is_own else None,
        action=action,
        subject_type="user",
        subject_id=user.id,
    )
