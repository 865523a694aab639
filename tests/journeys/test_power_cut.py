"""The web app is killed right after a payment; started again, it ends where it should."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing.database import db
from billing.models import User
from billing.services import checkout
from billing.settings import Settings
from tests.shop import Shop
from tests.web_process import WebProcess


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A free port that the app's process takes over."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe


@pytest.fixture
def web(
    shop: Shop, settings: Settings, listener: socket.socket, tmp_path: Path
) -> Iterator[WebProcess]:
    """The app in a process; Stripe sends its webhooks there, and again until they are taken."""
    listener.close()
    secret = shop.listen()
    signed = settings.model_copy(update={"configured_webhook_secrets": (secret,)})
    process = WebProcess(signed, tmp_path / "web.log")
    process.start()
    yield process
    process.kill()


def tier_of(user: User) -> str:
    db.session.rollback()  # and so read anew
    return user.subscription.tier.slug


def test_stripe_sends_again_what_the_dead_app_missed(shop: Shop, web: WebProcess) -> None:
    user = shop.user()
    session_id = shop.choose_tier(user)
    web.kill()
    shop.pay(session_id)

    assert tier_of(user) == "free"

    web.start()
    shop.control.wait_until_idle(30)

    assert tier_of(user) == "pro"


def test_the_return_page_does_not_need_the_missed_webhooks(shop: Shop, web: WebProcess) -> None:
    user = shop.user()
    session_id = shop.choose_tier(user)
    web.kill()
    shop.pay(session_id, webhooks="never")
    web.start()
    checkout.confirm(user, session_id, gateway=shop.gateway)

    assert tier_of(user) == "pro"


def test_killed_while_the_events_come_in_it_still_ends_on_pro(shop: Shop, web: WebProcess) -> None:
    user = shop.user()
    session_id = shop.choose_tier(user)
    shop.pay(session_id)
    web.kill()
    web.start()
    shop.control.wait_until_idle(30)

    assert tier_of(user) == "pro"
