"""The style guide: every component in every state."""

from __future__ import annotations

import pytest

from billing.web.offers import Scenario
from tests import states
from tests.page import PageClient


@pytest.mark.usefixtures("app")
def test_it_shows_every_scenario_of_a_tier(page: PageClient) -> None:
    states.catalog_at_stripe()

    text = page.open("/styleguide").main

    assert [] == [each for each in Scenario if each.value.capitalize() not in text]
