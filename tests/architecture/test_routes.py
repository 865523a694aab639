"""Every route, walked: forms are guarded, methods kept apart, errors framed."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule

from billing import create_app
from tests.settings import make_settings

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# They use no cookie, so there is nothing that another site could make a browser send.
WITHOUT_FORMS = ("/api/", "/webhooks/")
# A value for each variable part of a path.
VALUES = {"int": 1, "default": "anything", "string": "anything", "path": "anything"}


def _rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=str)


def address_of(rule: Rule) -> str:
    """Return an address that the rule takes."""
    address = str(rule)
    for argument in rule.arguments - (rule.defaults or {}).keys():
        converter = rule._converters[argument]
        value = str(VALUES["int" if isinstance(converter, IntegerConverter) else "default"])
        start = address.index("<")
        address = address[:start] + value + address[address.index(">") + 1 :]
    return address


def _form_routes() -> list[tuple[str, str]]:
    app = create_app(make_settings(database_url="sqlite://"))
    return [
        (method, address_of(rule))
        for rule in _rules(app)
        for method in sorted((rule.methods or set()) - SAFE_METHODS)
        if not str(rule).startswith(WITHOUT_FORMS)
    ]


@pytest.mark.one_database
def test_form_without_token_is_refused(client: FlaskClient) -> None:
    forms = _form_routes()

    answers = {form: client.open(form[1], method=form[0]).status_code for form in forms}

    assert answers == dict.fromkeys(forms, 400)


@pytest.mark.one_database
def test_form_from_another_site_is_refused(client: FlaskClient) -> None:
    forms, elsewhere = _form_routes(), {"Sec-Fetch-Site": "cross-site"}

    answers = {
        form: client.open(form[1], method=form[0], headers=elsewhere).status_code for form in forms
    }

    assert answers == dict.fromkeys(forms, 403)


def test_every_route_has_a_name_of_its_own(app: Flask) -> None:
    names = [(rule.endpoint, str(rule)) for rule in _rules(app)]

    assert len(names) == len(set(names))
