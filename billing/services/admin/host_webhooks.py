"""Webhooks to the host, at the desk: what it was told, what it took, and telling it again."""

from sqlalchemy import or_, select
from sqlalchemy.orm import contains_eager, joinedload

from billing import clock
from billing.database import db, transaction
from billing.errors import EventNotFound
from billing.messages import Message
from billing.models import HostWebhook, User
from billing.observability.timing import log_service_operation
from billing.services import audit, host_webhooks
from billing.services.admin.listing import Condition, Listing
from billing.services.audit import Actor
from billing.services.host_webhooks import GIVE_UP_AFTER, Endpoint


def listing() -> Listing[HostWebhook]:
    """Describe the list of all events for the host, with whom they are about."""
    is_taken = HostWebhook.delivered_at.is_not(None)
    is_tried = HostWebhook.next_attempt_at.is_not(None) & (
        HostWebhook.created_at > clock.now() - GIVE_UP_AFTER
    )
    return Listing(
        rows=select(HostWebhook).join(HostWebhook.user),
        key=(HostWebhook.id,),
        moment=HostWebhook.created_at,
        options=(contains_eager(HostWebhook.user),),
        search=_matches,
        sorts={
            "created": HostWebhook.id,
            "type": HostWebhook.type,
            "tries": HostWebhook.attempts,
        },
        choices={
            "state": {
                "taken": is_taken,
                "waiting": ~is_taken & is_tried,
                "given_up": ~is_taken & ~is_tried,
            },
        },
    )


def get(webhook_id: int) -> HostWebhook:
    """Return the event with whom it is about.

    Raises:
        EventNotFound: there is no such event.
    """
    webhook = db.session.scalar(
        select(HostWebhook)
        .where(HostWebhook.id == webhook_id)
        .options(joinedload(HostWebhook.user))
    )
    if webhook is None:
        raise EventNotFound(Message("There is no such event."))
    return webhook


@log_service_operation
def replay(webhook_id: int, *, endpoint: Endpoint, actor: Actor) -> HostWebhook:
    """Send the event to the host again.

    Args:
        webhook_id: of an event, taken or not.
        endpoint: where to.
        actor: who asks for it.

    Raises:
        EventNotFound: there is no such event.
    """
    event_id, before = get(webhook_id).event_id, _standing(get(webhook_id))
    webhook = host_webhooks.replay(event_id, endpoint=endpoint)
    with transaction() as session:
        audit.record(
            session,
            actor,
            "host_webhook.replayed",
            subject=("host_webhook", webhook_id),
            before=before,
            after=_standing(webhook),
        )
    return get(webhook_id)


def _standing(webhook: HostWebhook) -> dict[str, object]:
    return {
        "is_taken": webhook.delivered_at is not None,
        "attempts": webhook.attempts,
        "last_error": webhook.last_error,
    }


def _matches(text: str) -> Condition:
    return or_(
        HostWebhook.event_id == text,
        HostWebhook.type.startswith(text, autoescape=True),
        User.external_id == text,
        User.email.icontains(text, autoescape=True),
    )
