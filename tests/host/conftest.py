"""A host that listens, and a user of whom it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from billing.models import User
from billing.services import users
from tests.factories import demo_catalog
from tests.host.listener import SECRET, Host, listening


@pytest.fixture
def host(app: Flask) -> Iterator[Host]:
    with listening() as host:
        settings = app.extensions["billing_settings"]
        app.extensions["billing_settings"] = settings.model_copy(
            update={"host_webhook_url": host.url, "host_webhook_secrets": (SECRET,)}
        )
        yield host


@pytest.fixture
def user(app: Flask) -> User:
    demo_catalog()
    return users.create("una@example.test", external_id="u-1", actor="test")
