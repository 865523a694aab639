"""The migrations lead to the models, on both databases."""

from __future__ import annotations

import pytest
from flask_migrate import check


@pytest.mark.usefixtures("app")
def test_migrated_schema_is_the_models_schema() -> None:
    check()
