"""How the states of events read at the desk, and what came of replaying or ignoring them."""

from billing.domain.statuses import EventState
from billing.models import WebhookEvent
from billing.services.admin.events import Replayed
from billing.web.language import _, ngettext
from billing.web.language import lazy_gettext as _l

STATES: dict[str, str] = {
    "unapplied": _l("Failed or waiting for a person"),
    EventState.PENDING: _l("Pending"),
    EventState.PROCESSED: _l("Processed"),
    EventState.IGNORED: _l("Ignored"),
    EventState.PARKED: _l("Needs a person"),
    EventState.FAILED: _l("Failed"),
}
TOPICS: dict[str, str] = {
    "checkout": _l("Checkout"),
    "customer": _l("Customer and subscription"),
    "subscription_schedule": _l("Scheduled change"),
    "invoice": _l("Invoice"),
    "charge": _l("Charge and dispute"),
    "refund": _l("Refund"),
    "other": _l("Something else"),
}


def replayed_one(event: WebhookEvent) -> tuple[str, str]:
    """Return what a replay led to, and the tone to say it in."""
    if event.last_error is not None:
        message = _("%(type)s was not applied: %(error)s", type=event.type, error=event.last_error)
        return message, "bad"
    if event.state == EventState.IGNORED:
        return _("Nothing is done for %(type)s here.", type=event.type), "info"
    return _("%(type)s was applied again.", type=event.type), "ok"


def replayed(done: Replayed) -> tuple[str, str]:
    """Return what replaying many led to, and the tone to say it in."""
    message = ngettext("%(num)s event was applied.", "%(num)s events were applied.", done.settled)
    if done.failed:
        failed = ngettext("%(num)s was not.", "%(num)s were not.", done.failed)
        message = f"{message} {failed}"
    if done.left:
        left = ngettext(
            "%(num)s is left: replay it again.", "%(num)s are left: replay them again.", done.left
        )
        message = f"{message} {left}"
    return message, "warn" if done.failed or done.left else "ok"


def ignored(count: int) -> tuple[str, str]:
    """Return how many events were settled, and the tone to say it in."""
    message = ngettext(
        "%(num)s event is marked as ignored.", "%(num)s events are marked as ignored.", count
    )
    return message, "ok"
