"""The settings of a test: nothing comes from the environment or from `.env`."""

from __future__ import annotations

import os

from billing.settings import Settings, load

SECRET_KEY = "test-secret-key-of-at-least-32-characters"


def forget_environment() -> None:
    """Drop every variable that the app reads, so that no test meets a developer's database."""
    for name, field in Settings.model_fields.items():
        os.environ.pop(field.alias or name.upper(), None)


def make_settings(**overrides: object) -> Settings:
    """Return the settings of a development install, with `overrides` by field name."""
    values: dict[str, object] = {"secret_key": SECRET_KEY, **overrides}
    return load(_env_file=None, **values)
