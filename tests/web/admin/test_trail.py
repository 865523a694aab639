"""Every change at the desk leaves a line in the audit log: who, what it was before, and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from flask import Flask

from billing import clock
from billing.domain.statuses import EventState
from billing.services import accounts, checkout, host_events
from tests import factories, reversals, states
from tests.page import PageClient
from tests.shop import Shop
from tests.web.admin import desk_log
from tests.web.admin.test_events import add_events

pytestmark = pytest.mark.one_database

CHANGES_NOTHING = {"admin.confirm_password"}
PAYER, FREE = "/admin/users/2", "/admin/users/3"
PRO, TEAM, HALF = "/admin/plans/3", "/admin/plans/5", "/admin/packages/5"
IN_A_MONTH = f"{(clock.now() + timedelta(days=30)).date()}"
NEW_TIER = {"slug": "team", "name": "Team", "rank": "9", "currency": "USD"}
NEW_TIER |= {"price_month": "99", "price_year": "990", "trial_days": "0"}
NEW_PACKAGE = {"slug": "half", "name": "Half", "tokens": "50", "currency": "USD", "price": "3"}


@dataclass(frozen=True)
class Deed:
    """What an admin does: the page, the buttons in turn, and what is typed before the first.

    `starts` tells what comes into being or is sent: of that there is no before.
    """

    endpoint: str
    action: str
    path: str
    buttons: tuple[str, ...]
    fields: dict[str, str] = field(default_factory=dict)
    starts: bool = False


def deed(action: str, endpoint: str, path: str, *buttons: str, **fields: str) -> Deed:
    return Deed(f"admin.{endpoint}", action, path, buttons, fields)


def start(action: str, endpoint: str, path: str, *buttons: str, **fields: str) -> Deed:
    return Deed(f"admin.{endpoint}", action, path, buttons, fields, starts=True)


DEEDS = (
    deed("tokens.adjusted", "adjust_tokens", f"{FREE}/adjust", "Preview", "Give 500 tokens",
         tokens="500", code="goodwill", reason="Ticket 1"),
    deed("subscription.complimentary_given", "give_plan", f"{FREE}/complimentary",
         "Give the plan", tier="pro", until=IN_A_MONTH, reason="Ticket 2"),
    deed("subscription.complimentary_taken", "take_plan", f"{FREE}/complimentary/end",
         "End Pro", reason="Ticket 3"),
    deed("user.disabled", "disable_user", f"{FREE}/disable", "Disable free@example.test",
         reason="Ticket 4"),
    deed("user.enabled", "enable_user", f"{FREE}/enable", "Enable free@example.test",
         reason="Ticket 5"),
    deed("user.disabled", "selected_users", "/admin/users/selected?action=disable&id=3",
         "Disable 1 user", reason="Ticket 6"),
    deed("subscription.cancelled", "cancel_plan", f"{PAYER}/cancel", "Cancel Pro",
         reason="Ticket 7"),
    deed("subscription.resumed", "resume_plan", f"{PAYER}/resume", "Resume Pro",
         reason="Ticket 8"),
    deed("payment.refunded", "refund", "/admin/orders/2/refund", "Preview", "Refund $5.00",
         amount="5.00", reason="Ticket 9"),
    deed("catalog.tier_changed", "edit_tier", f"{PRO}/edit", "Check", "Save version 2 of Pro",
         price_month="59"),
    deed("catalog.tier_pushed", "push_catalog", PRO, "Push to Stripe"),
    deed("subscription.version_moved", "migrate_tier", f"{PRO}/migrate", "Move subscribers",
         when="now"),
    start("catalog.tier_added", "new_tier", "/admin/plans/new", "Check", "Create Team",
          **NEW_TIER),
    deed("catalog.tier_archived", "archive_tier", f"{TEAM}/archive", "Archive Team"),
    start("catalog.package_added", "new_package", "/admin/packages/new", "Check", "Create Half",
          **NEW_PACKAGE),
    deed("catalog.package_changed", "edit_package", f"{HALF}/edit", "Check", "Save Half",
         price="4"),
    deed("catalog.package_archived", "archive_package", f"{HALF}/archive", "Archive Half"),
    deed("event.ignored", "ignore_event", "/admin/events/1/ignore", "Mark as ignored",
         reason="Ticket 10"),
    deed("event.ignored", "selected_events", "/admin/events/selected?action=ignore&id=2",
         "Mark 1 event as ignored", reason="Ticket 11"),
    deed("event.replayed", "replay_event", "/admin/events/3", "Replay invoice.paid"),
    deed("host_webhook.replayed", "replay_host_webhook", "/admin/host-webhooks/1", "Send again"),
    start("email.resent", "resend_email", "/admin/emails/1", "Send again"),
    start("user.verification_resent", "verify_user", f"{PAYER}/verify", "Send the email"),
    # From here on the admin looks at an account, and the desk is closed.
    start("user.acting_started", "act_as_user", f"{PAYER}/act", "Sign in as payer@example.test",
          reason="Ticket 12"),
)  # fmt: skip


@pytest.fixture
def desk(app: Flask, shop: Shop, page: PageClient) -> PageClient:
    """The desk of a shop with one who pays and one who does not, and some of all that it lists."""
    admin = factories.account("admin@example.test", is_admin=True)
    payer, free = factories.account("payer@example.test"), factories.account("free@example.test")
    session_id = shop.choose_tier(payer)
    shop.pay(session_id)
    checkout.confirm(payer, session_id, gateway=shop.gateway)
    reversals.buy(shop, payer)
    add_events(3, EventState.PARKED)
    accounts.send_verification(free)
    host_events.emit(free.id, "tokens.granted", {"tokens": 5})
    unreachable = {
        "host_webhook_url": "http://192.0.2.1/",
        "configured_host_webhook_private": False,
        "host_webhook_secrets": ("whsec_" + "0" * 32,),
    }
    settings = app.extensions["billing_settings"]
    app.extensions["billing_settings"] = settings.model_copy(update=unreachable)
    states.log_in(page, admin)
    return page


def test_every_change_is_logged_with_before_and_after(app: Flask, desk: PageClient) -> None:
    wanted, found = {}, {}
    for deed in DEEDS:
        known = len(desk_log.by_admins())
        desk.open(deed.path)
        desk.press(deed.buttons[0], status=200, **deed.fields)
        for button in deed.buttons[1:]:
            desk.press(button)
        wanted[deed.endpoint] = [(deed.action, not deed.starts, True)]
        found[deed.endpoint] = [
            (line.action, bool(line.before), bool(line.after))
            for line in desk_log.by_admins()[known:]
        ]

    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.")]
    posted_to = {rule.endpoint for rule in rules if "POST" in (rule.methods or ())}
    assert posted_to - CHANGES_NOTHING == set(found)
    assert wanted == found
