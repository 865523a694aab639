"""An admin at the desk, over the demo catalog as it would be sold."""

from __future__ import annotations

import pytest
from flask import Flask

from billing.models import User
from tests import factories, states
from tests.page import PageClient


@pytest.fixture
def admin(app: Flask) -> User:
    """An admin's account."""
    states.catalog_at_stripe()
    return factories.account("admin@example.test", is_admin=True)


@pytest.fixture
def desk(admin: User, page: PageClient) -> PageClient:
    """The admin's browser, logged in."""
    states.log_in(page, admin)
    return page
