"""Accounts: signing up, proving who one is, and changing how.

No answer tells whether an address has an account: `docs/decisions/0003-sign-up-and-enumeration.md`.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.domain import email_addresses, passwords
from billing.domain.email_addresses import BadEmailAddress
from billing.domain.persons import person_hash
from billing.domain.secrets import new_secret
from billing.errors import EmailTaken, InvalidInput, Member, NotAuthenticated, RateLimited
from billing.messages import Message
from billing.models import LinkPurpose, User
from billing.observability.timing import log_service_operation
from billing.services import (
    attempts,
    emails,
    links,
    quota_memory,
    second_factor,
    sessions,
    users,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Newcomer:
    """Who signs up, as far as the browser tells: the network address is for the rate limit."""

    address: str
    user_agent: str = ""
    locale: str | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True)
class SignUp:
    """How a sign-up ended; for an address that is somebody else's the token opens nothing."""

    session_token: str
    wrote_email: bool


EMAIL_HINT = Message("Enter an email address with an @, like name@example.com")


def sign_up(email: str, password: str, *, newcomer: Newcomer, person_key: str) -> SignUp:
    """Make an account and log in; for an address that has one, log in or write to its owner.

    Args:
        email: the address as it was typed.
        password: the new password.
        newcomer: who signs up, as far as the browser tells.
        person_key: the key of `domain.persons`, for who had an account here before.

    Raises:
        InvalidInput: the address or the password cannot be used; `errors` names the field.
        RateLimited: too many sign-ups from this network address.
    """
    email = check_new_credentials(email, password)
    attempts.spend(attempts.SIGN_UP_BY_ADDRESS, attempts.network_of(newcomer.address))
    if find_user(email) is None:
        try:
            person = person_hash(email, person_key)
            return _make_account(email, password, person=person, newcomer=newcomer)
        except EmailTaken:
            log.info("sign_up.raced")
    return _come_back(email, password, newcomer.user_agent)


def check_new_credentials(email: str, password: str) -> str:
    """Return the address in the form that is kept, if both can be used for a new account.

    Raises:
        InvalidInput: `errors` names the field and says what to do.
    """
    errors: dict[str, Member] = {}
    try:
        email = email_addresses.normalize(email)
    except BadEmailAddress:
        errors["email"] = EMAIL_HINT
    problem = passwords.find_problem(password, email)
    if problem:
        errors["password"] = problem
    if errors:
        raise InvalidInput(Message("Check the fields."), errors=errors)
    return email


def authenticate(email: str, password: str, *, address: str) -> User:
    """Return the user whose address and password these are.

    Args:
        email: the address as it was typed.
        password: the password as it was typed.
        address: the network address that asks, for the rate limit.

    Raises:
        NotAuthenticated: they are not; it never says which of the two is wrong.
        RateLimited: 5 wrong tries for this account, or 29 from this network address, in 15 minutes.
    """
    network = attempts.network_of(address)
    attempts.spend(attempts.LOGIN_BY_ADDRESS, network)
    attempts.spend(attempts.LOGIN_BY_ACCOUNT, _stored_form(email))
    user = find_user(email)
    if not passwords.matches(password, user.password_hash if user else None):
        log.info("login.failed", user_id=user.id if user else None)
        raise _wrong_credentials()
    assert user is not None
    if not user.is_active:
        log.info("login.refused", user_id=user.id)
        raise _wrong_credentials()
    attempts.give_back(attempts.LOGIN_BY_ADDRESS, network)
    _accept(user, password)
    return user


@log_service_operation
def request_password_reset(email: str, *, address: str) -> None:
    """Write to the owner of the account how to choose a new password; else do nothing.

    Raises:
        InvalidInput: it is not an address at all.
        RateLimited: too many requests for this account or from this network address.
    """
    try:
        email = email_addresses.normalize(email)
    except BadEmailAddress:
        raise InvalidInput(Message("Check the field."), errors={"email": EMAIL_HINT}) from None
    attempts.spend(attempts.RESET_BY_ADDRESS, attempts.network_of(address))
    attempts.spend(attempts.RESET_BY_ACCOUNT, email)
    user = find_user(email)
    if user is None or not user.is_active:
        return
    with transaction():
        link = links.prepare(user, LinkPurpose.RESET_PASSWORD)
        emails.enqueue(user, "reset_password", dedupe_key=f"reset_password:{link.id}", link=link)
    log.info("password.reset_requested", user_id=user.id)


@log_service_operation
def reset_password(token: str, password: str) -> None:
    """Set a new password by a link from an e-mail; ends every session and tells the owner.

    Raises:
        InvalidInput: the password cannot be used; the link still works.
        LinkExpired: the link was used before, or its 60 minutes are over.
    """
    user = links.get_user(token, LinkPurpose.RESET_PASSWORD)
    password_hash = _hash_new(password, user.email, field="password")
    with transaction():
        link_id = links.use(token, LinkPurpose.RESET_PASSWORD)
        # Who opens the link owns the mailbox.
        user.email_verified_at = user.email_verified_at or clock.now()
        _set_password(user, password_hash, dedupe_key=f"password_changed:link:{link_id}")
        attempts.forget(attempts.LOGIN_BY_ACCOUNT, user.email)
    log.info("password.reset", user_id=user.id)


@log_service_operation
def change_password(user: User, *, current: str, new: str, session_token: str) -> None:
    """Change the password of who knows the current one; ends all sessions but this one.

    Raises:
        InvalidInput: the current password is wrong, or the new one cannot be used.
        RateLimited: 5 wrong tries in 15 minutes.
    """
    check_password(user, current)
    password_hash = _hash_new(new, user.email, field="new_password")
    with transaction():
        key = f"password_changed:{user.id}:{clock.now():%Y%m%dT%H%M%S%f}"
        _set_password(user, password_hash, dedupe_key=key, keep=session_token)
    log.info("password.changed", user_id=user.id)


@log_service_operation
def confirm_password(user: User, password: str, *, session_token: str) -> None:
    """Take the password once more from who is logged in, before they move money.

    Args:
        user: who is logged in.
        password: as it was typed.
        session_token: of the session that it is typed in.

    Raises:
        InvalidInput: it is wrong; `errors` names the field `password`.
        RateLimited: 5 wrong tries in 15 minutes.
    """
    check_password(user, password, field="password")
    sessions.confirm(session_token)
    log.info("password.confirmed", user_id=user.id)


def check_password(user: User, password: str, *, field: str = "current_password") -> None:
    """Let nobody pass who is logged in but does not know the password.

    Args:
        user: who is logged in.
        password: as it was typed.
        field: where it was typed.

    Raises:
        InvalidInput: it is wrong; `errors` names the field.
        RateLimited: 5 wrong tries in 15 minutes.
    """
    attempts.spend(attempts.LOGIN_BY_ACCOUNT, user.email)
    if not passwords.matches(password, user.password_hash):
        log.info("password.check_failed", user_id=user.id)
        raise InvalidInput(
            Message("Check the field."), errors={field: Message("This is not your password")}
        )
    attempts.forget(attempts.LOGIN_BY_ACCOUNT, user.email)


@log_service_operation
def send_verification(user: User) -> None:
    """Write to the user again how to prove that the address is theirs."""
    with transaction():
        link = links.prepare(user, LinkPurpose.VERIFY_EMAIL)
        emails.enqueue(user, "verify_email", dedupe_key=f"verify_email:{link.id}", link=link)


@log_service_operation
def verify_email(token: str) -> None:
    """Note that the owner of the link reads mail at the address.

    Raises:
        LinkExpired: the link was used before, or is older than 3 days.
    """
    user = links.get_user(token, LinkPurpose.VERIFY_EMAIL)
    with transaction():
        links.use(token, LinkPurpose.VERIFY_EMAIL)
        user.email_verified_at = clock.now()
    log.info("email.verified", user_id=user.id)


def _make_account(email: str, password: str, *, person: str, newcomer: Newcomer) -> SignUp:
    password_hash = passwords.hash_password(password)
    with transaction() as session:
        user = users.create(
            email,
            password_hash=password_hash,
            actor="sign-up",
            locale=newcomer.locale,
            time_zone=newcomer.time_zone,
        )
        quota_memory.recall(session, user, person_hash=person)
        link = links.prepare(user, LinkPurpose.VERIFY_EMAIL)
        emails.enqueue(user, "welcome", dedupe_key=f"welcome:{user.id}", link=link)
        token = sessions.start(user, user_agent=newcomer.user_agent)
    log.info("login.succeeded", user_id=user.id)
    return SignUp(token, wrote_email=True)


def _come_back(email: str, password: str, user_agent: str) -> SignUp:
    """Sign up again: with the account's password it is a log-in, and counts as a try at one."""
    user = find_user(email)
    assert user is not None
    # A sign-up asks for no code, so it is no way in where one is asked for.
    may_enter = user.is_active and not second_factor.is_on(user)
    password_hash = user.password_hash if may_enter else None
    try:
        attempts.spend(attempts.LOGIN_BY_ACCOUNT, email)
    except RateLimited:
        # Logged where it was counted; for a while the right password does not help either.
        password_hash = None
    if passwords.matches(password, password_hash):
        _accept(user, password)
        return SignUp(sessions.start(user, user_agent=user_agent), wrote_email=False)
    emails.enqueue(
        user, "account_exists", dedupe_key=f"account_exists:{user.id}:{clock.now():%Y-%m-%dT%H}"
    )
    return SignUp(new_secret(), wrote_email=True)


def _accept(user: User, password: str) -> None:
    attempts.forget(attempts.LOGIN_BY_ACCOUNT, user.email)
    if user.password_hash and passwords.needs_rehash(user.password_hash):
        password_hash = passwords.hash_password(password)
        with transaction():
            user.password_hash = password_hash
    log.info("login.succeeded", user_id=user.id)


def _set_password(user: User, password_hash: str, *, dedupe_key: str, keep: str = "") -> None:
    user.password_hash = password_hash
    user.password_changed_at = clock.now()
    links.revoke(user, LinkPurpose.RESET_PASSWORD)
    # Who had the old password may have asked for the account to move.
    links.revoke(user, LinkPurpose.CHANGE_EMAIL)
    sessions.end_all(user, keep=keep)
    emails.enqueue(user, "password_changed", dedupe_key=dedupe_key)


def _hash_new(password: str, email: str, *, field: str) -> str:
    problem = passwords.find_problem(password, email)
    if problem:
        raise InvalidInput(Message("Check the fields."), errors={field: problem})
    return passwords.hash_password(password)


def find_user(email: str) -> User | None:
    """Return the user with the address, None where nobody has it."""
    return db.session.scalar(select(User).where(User.email == _stored_form(email)))


def _stored_form(email: str) -> str:
    try:
        return email_addresses.normalize(email)
    except BadEmailAddress:
        # The CLI and the host product may know somebody by an address that we would not take.
        return users.normalize_email(email).replace("\0", "")


def _wrong_credentials() -> NotAuthenticated:
    return NotAuthenticated(Message("The email address or the password is not right."))
