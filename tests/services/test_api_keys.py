"""API keys: what is shown, what is stored, and what stops them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from billing import clock
from billing.database import db, transaction
from billing.errors import NotAuthenticated, NotFound
from billing.models import ApiKey, AuditEntry, User
from billing.services import api_access, api_keys
from tests.factories import account, demo_catalog


@pytest.fixture
def user(app: Flask) -> User:
    demo_catalog()
    return account()


def _row() -> ApiKey:
    db.session.rollback()
    return db.session.scalars(select(ApiKey)).one()


def test_user_key_acts_for_its_user(user: User) -> None:
    raw_key = api_keys.create(user=user, actor="cli")

    key = api_access.authenticate(raw_key)

    assert key.user_id == user.id
    assert not key.is_service


def test_service_key_acts_for_nobody_in_particular(app: Flask) -> None:
    raw_key = api_keys.create(name="host product", actor="cli")

    key = api_access.authenticate(raw_key)

    assert key.user_id is None
    assert key.is_service
    assert _row().name == "host product"


def test_key_is_a_prefix_and_256_bits(user: User) -> None:
    raw_key = api_keys.create(user=user, actor="cli")

    assert re.fullmatch(r"bk_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", raw_key)
    assert raw_key[3:11] == _row().prefix


def test_secret_of_the_key_is_in_no_file(user: User, tmp_path: Path) -> None:
    secret = api_keys.create(user=user, actor="cli").split("_", 2)[2]

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert secret not in _row().key_hash
    assert [path for path in written if secret.encode() in path.read_bytes()] == []


def test_any_other_text_is_refused(user: User) -> None:
    raw_key = api_keys.create(user=user, actor="cli")
    other_end = "A" if raw_key[-1] != "A" else "B"
    wrong = ["", "bk_", raw_key[:-1], raw_key + "A", raw_key.upper(), raw_key[:-1] + other_end]
    wrong += [f" {raw_key}", f"{raw_key}\n", f"bk_aaaaaaaa_{raw_key[12:]}", raw_key[:11], "é\0"]

    for text in wrong:
        with pytest.raises(NotAuthenticated):
            api_access.authenticate(text)


def test_revoked_key_stops(user: User) -> None:
    raw_key = api_keys.create(user=user, actor="cli")

    api_keys.revoke(_row().id, actor=f"user:{user.id}", user=user)

    assert api_keys.list_for(user) == []
    with pytest.raises(NotAuthenticated):
        api_access.authenticate(raw_key)


def test_nobody_revokes_the_key_of_another(user: User) -> None:
    raw_key = api_keys.create(user=user, actor="cli")

    with pytest.raises(NotFound):
        api_keys.revoke(_row().id, actor="user:2", user=account())

    assert api_access.authenticate(raw_key).user_id == user.id


def test_key_expires(user: User, frozen_time: time_machine.Traveller) -> None:
    raw_key = api_keys.create(user=user, actor="cli", expires_at=clock.now() + timedelta(days=30))

    frozen_time.shift(timedelta(days=29))
    assert api_access.authenticate(raw_key).user_id == user.id
    frozen_time.shift(timedelta(days=1))
    with pytest.raises(NotAuthenticated):
        api_access.authenticate(raw_key)


def test_key_of_a_disabled_user_stops(user: User) -> None:
    raw_key = api_keys.create(user=user, actor="cli")

    with transaction():
        user.disabled_at = clock.now()

    with pytest.raises(NotAuthenticated):
        api_access.authenticate(raw_key)


def test_use_is_noted_once_a_minute(user: User, frozen_time: time_machine.Traveller) -> None:
    raw_key = api_keys.create(user=user, actor="cli")
    first_use = clock.now()

    api_access.authenticate(raw_key)
    frozen_time.shift(timedelta(seconds=59))
    api_access.authenticate(raw_key)
    assert _row().last_used_at == first_use
    frozen_time.shift(timedelta(seconds=1))
    api_access.authenticate(raw_key)
    assert _row().last_used_at == clock.now()


def test_scopes_are_kept(user: User) -> None:
    raw_key = api_keys.create(user=user, actor="cli", scopes=["read"])

    assert api_access.authenticate(raw_key).scopes == {"read"}


def test_making_and_revoking_are_audited(user: User) -> None:
    api_keys.create(user=user, actor="cli")
    api_keys.revoke(_row().id, actor=f"user:{user.id}", user=user)
    api_keys.revoke(_row().id, actor="cli")

    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.subject_type == "api_key").order_by(AuditEntry.id)
    ).all()
    assert [(entry.action, entry.actor_user_id) for entry in entries] == [
        ("api_key.created", None),
        ("api_key.revoked", user.id),
    ]
