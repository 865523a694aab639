"""What was sent, and the audit log: e-mails, webhooks to the host, every change with its before."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select

from billing import clock
from billing.database import db, transaction
from billing.models import AuditEntry, Email, HostWebhook, User
from billing.services import accounts, audit, emails, host_events
from billing.services.audit import Actor
from tests import queries, states
from tests.outbox import Outbox
from tests.page import PageClient
from tests.web.admin import desk_log
from tests.web.admin.test_lists import MAX_QUERIES

pytestmark = pytest.mark.one_database


class TestEmails:
    def test_one_is_read_and_sent_again_to_the_address_of_now(
        self, desk: PageClient, outbox: Outbox
    ) -> None:
        user = states.free()
        emails.enqueue(user, "plan_ended", dedupe_key="k", context=_ended())
        outbox.letters()
        with transaction():
            user.email = "moved@example.test"
        desk.open("/admin/emails?state=sent")
        record = desk.open(f"/admin/emails/{db.session.scalars(select(Email.id)).one()}")

        sent = desk.press("Send again")

        assert "Pro ended on" in record.main
        assert "It goes to moved@example.test once more." in sent.main
        assert [letter.to for letter in outbox.letters()][-1] == "moved@example.test"
        assert [line.action for line in desk_log.by_admins()] == ["email.resent"]

    def test_no_link_is_shown_and_a_closed_account_is_left_alone(self, desk: PageClient) -> None:
        user = states.free()
        accounts.send_verification(user)
        with transaction():
            user.closed_at = clock.now()
        email_id = db.session.scalars(select(Email.id)).one()

        record = desk.open(f"/admin/emails/{email_id}")
        refused = desk.press("Send again")

        assert "/verify-email/…" in record.main
        assert "The account is closed: nobody is written to." in refused.main


def _ended() -> dict[str, str | bool]:
    ended_at = clock.now().isoformat()
    return {"tier": "Pro", "ended_at": ended_at, "now_on": "Free", "was_unpaid": False}


def test_webhooks_to_the_host_are_listed_and_shown(desk: PageClient) -> None:
    user = states.free()
    host_events.emit(user.id, "tokens.granted", {"tokens": 5})
    webhook = db.session.scalars(select(HostWebhook)).one()

    desk.open("/admin/host-webhooks?state=waiting")
    record = desk.follow(f"tokens.granted {webhook.event_id}")

    assert '"tokens": 5' in record.main
    assert "HOST_WEBHOOK_URL is not set: nobody listens." in record.main


def _entry(admin: User) -> None:
    actor = Actor(admin.id, "192.0.2.7", "req-1")
    with transaction() as session:
        audit.record(
            session,
            actor,
            "user.disabled",
            subject=("user", admin.id),
            before={"is_disabled": False},
            after={"is_disabled": True},
            reason="He asked us to",
        )


class TestAuditLog:
    def test_it_is_found_by_who_what_whom_and_where(self, desk: PageClient, admin: User) -> None:
        _entry(admin)

        for narrowed in (
            "q=user.disabled",
            "q=asked",
            "actor=admin@example.test",
            f"actor=user:{admin.id}",
            "action=user.dis",
            f"object=user&object_id={admin.id}&by=admin",
            "ip=192.0.2.7",
        ):
            page = desk.open(f"/admin/audit-log?{narrowed}")
            assert "1 to 1 of 1" in page.main, narrowed
            assert "is_disabled no" in page.main
            assert "is_disabled yes" in page.main
        for other in ("ip=192.0.2.8", "actor=nobody", "object_id=x", "object=tier"):
            assert "Nothing matches" in desk.open(f"/admin/audit-log?{other}&action=user.dis").main

    @pytest.mark.usefixtures("desk")
    def test_it_is_exported_with_before_and_after(self, admin: User, client: FlaskClient) -> None:
        _entry(admin)

        header, line = client.get("/admin/audit-log.csv?by=admin").text.splitlines()

        assert header == "when,action,actor,object,before,after,reason,ip"
        assert f'admin@example.test,user:{admin.id},"{{""is_disabled"": false}}"' in line


def test_lists_ask_as_little_for_many_as_for_few(desk: PageClient, admin: User) -> None:
    counts: dict[str, list[int]] = {}
    for number in (100, 10_000):
        _fill(admin, number)
        for path in (
            "/admin/audit-log?action=many",
            "/admin/emails?q=many",
            "/admin/host-webhooks",
        ):
            with queries.recorded() as statements:
                page = desk.open(f"{path}{'&' if '?' in path else '?'}size=100")
            counts.setdefault(path, []).append(len(statements))
            assert f"1 to 100 of {number:,}" in page.main

    assert all(few == many <= MAX_QUERIES for few, many in counts.values()), counts


def _fill(admin: User, number: int) -> None:
    now = clock.now()
    outbox = {"user_id": admin.id, "attempts": 0, "created_at": now}
    known = db.session.scalars(select(AuditEntry.id).where(AuditEntry.action == "many.x")).all()
    with transaction() as session:
        session.execute(delete(Email))
        session.execute(delete(HostWebhook))
        session.execute(
            insert(AuditEntry),
            [
                {"actor": "test", "action": "many.x", "subject_type": "user", "subject_id": 1}
                for _ in range(number - len(known))
            ],
        )
        session.execute(
            insert(Email),
            [
                outbox | {"kind": "welcome", "dedupe_key": str(n), "to_address": f"many{n}@x.test"}
                for n in range(number)
            ],
        )
        session.execute(
            insert(HostWebhook),
            [
                outbox | {"event_id": f"evt_{n}", "type": "x", "dedupe_key": str(n), "data": {}}
                for n in range(number)
            ],
        )
