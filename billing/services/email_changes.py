"""E-mail changes: asked for with the password, made by who reads mail at the new address."""

import structlog
from sqlalchemy.exc import IntegrityError

from billing import clock
from billing.database import transaction
from billing.domain import email_addresses
from billing.domain.email_addresses import BadEmailAddress
from billing.errors import EmailTaken, InvalidInput
from billing.messages import Message
from billing.models import AuditEntry, LinkPurpose, User
from billing.observability.timing import log_service_operation
from billing.services import accounts, emails, links

log = structlog.get_logger(__name__)


@log_service_operation
def ask(user: User, email: str, *, password: str) -> str:
    """Write to the new address how to confirm it, and to the old one that somebody asked.

    An address that has an account gets a letter about that, and nothing tells the two apart.

    Args:
        user: whose address is to change.
        email: the new address as it was typed.
        password: the user's own.

    Returns:
        The new address in the form that is kept.

    Raises:
        InvalidInput: the address cannot be used, or the password is wrong; `errors` says which.
        RateLimited: 5 wrong passwords in 15 minutes.
    """
    email = _check(user, email)
    accounts.check_password(user, password)
    owner = accounts.find_user(email)
    now = clock.now()
    if owner is not None:
        key = f"account_exists:{owner.id}:{now:%Y-%m-%dT%H}"
        emails.enqueue(owner, "account_exists", dedupe_key=key)
        return email
    with transaction():
        link = links.prepare(user, LinkPurpose.CHANGE_EMAIL, email=email)
        emails.enqueue(
            user,
            "change_email",
            dedupe_key=f"change_email:{link.id}",
            link=link,
            to_address=email,
        )
        _tell_old_address(user, email, dedupe_key=f"email_change_asked:{link.id}", is_done=False)
    log.info("email.change_asked", user_id=user.id)
    return email


@log_service_operation
def confirm(token: str) -> None:
    """Make the change; ends the links that were sent to the old address, and tells it.

    Args:
        token: from the link in the letter to the new address.

    Raises:
        LinkExpired: the link was used before, or is older than a day.
        EmailTaken: somebody else made an account with the address meanwhile.
    """
    link = links.get(token, LinkPurpose.CHANGE_EMAIL)
    user, new = link.user, link.email
    assert new is not None
    try:
        with transaction() as session:
            link_id = links.use(token, LinkPurpose.CHANGE_EMAIL)
            links.revoke(user, LinkPurpose.RESET_PASSWORD)
            links.revoke(user, LinkPurpose.VERIFY_EMAIL)
            _tell_old_address(user, new, dedupe_key=f"email_changed:{link_id}", is_done=True)
            user.email, user.email_verified_at = new, clock.now()
            # No addresses: the log cannot be changed when the person wants to be forgotten.
            session.add(
                AuditEntry(
                    actor=f"user:{user.id}",
                    actor_user_id=user.id,
                    action="user.email_changed",
                    subject_type="user",
                    subject_id=user.id,
                )
            )
    except IntegrityError as error:
        raise EmailTaken(Message("Another account has this address by now.")) from error
    log.info("email.changed", user_id=user.id)


def _check(user: User, email: str) -> str:
    try:
        email = email_addresses.normalize(email)
    except BadEmailAddress:
        raise InvalidInput(
            Message("Check the fields."), errors={"email": accounts.EMAIL_HINT}
        ) from None
    if email == user.email:
        message = Message("This is your address already")
        raise InvalidInput(Message("Check the fields."), errors={"email": message})
    return email


def _tell_old_address(user: User, new: str, *, dedupe_key: str, is_done: bool) -> None:
    emails.enqueue(
        user,
        "email_changed",
        dedupe_key=dedupe_key,
        context={"new_address": new, "is_done": is_done},
        to_address=user.email,
    )
