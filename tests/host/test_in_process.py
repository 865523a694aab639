"""Billhook inside a host's Flask app: its users by its own ids, charged for what was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask, abort, render_template_string, request
from flask.testing import FlaskClient

from billing import Billhook, metered_request, meters_ai_request, requires_feature
from billing.database import db
from billing.models import User
from billing.services import users
from billing.settings import Settings
from tests.factories import account, demo_catalog
from tests.web.visitor import EMAIL, log_in

TEMPLATE = "{{ can_access('ai_chat') }} {{ can_access('ai_mentor') }} {{ quota().remaining }}"


def _add_views(app: Flask) -> None:
    @app.get("/mentor")
    @requires_feature("ai_mentor")
    def mentor() -> str:
        return "advice"

    @app.get("/ask")
    @meters_ai_request("ai_chat", 3)
    def ask() -> str:
        return "answer"

    @app.get("/ask-little")
    @meters_ai_request("ai_chat", 3)
    def ask_little() -> str:
        metered_request().quantity = 1
        return "answer"

    @app.get("/ask-much")
    @meters_ai_request("ai_chat", 21)
    def ask_much() -> str:
        return "answer"

    @app.get("/page")
    def page() -> str:
        return render_template_string(TEMPLATE)


def _add_views_that_fail(app: Flask) -> None:
    @app.get("/fail")
    @meters_ai_request("ai_chat", 3)
    def fail() -> str:
        raise LookupError

    @app.get("/refuse")
    @meters_ai_request("ai_chat", 3)
    def refuse() -> str:
        abort(418)

    @app.get("/answer-badly")
    @meters_ai_request("ai_chat", 3)
    def answer_badly() -> tuple[str, int]:
        return "no", 503


def _add_stream(app: Flask) -> None:
    @app.get("/stream")
    @meters_ai_request("ai_chat", 10)
    def stream() -> Iterator[str]:
        metered = metered_request()
        breaks = request.args.get("breaks")

        def _words() -> Iterator[str]:
            metered.quantity = 0
            for word in ("one ", "two ", "three "):
                metered.quantity += 2
                yield word
                if breaks:
                    raise LookupError

        return _words()


class HostApp:
    """A Flask app of its own, whose user is whom the test says."""

    def __init__(self, billing_app: Flask) -> None:
        self.asking: tuple[str, str] | None = ("u-1", "una@example.test")
        self.app = Flask("host")
        self.billhook = Billhook(billing_app, identify=lambda: self.asking)
        self.billhook.init_app(self.app)
        _add_views(self.app)
        _add_views_that_fail(self.app)
        _add_stream(self.app)
        self.client = self.app.test_client()


@pytest.fixture
def host_app(app: Flask) -> HostApp:
    demo_catalog()
    return HostApp(app)


@pytest.fixture
def used(app: Flask) -> Callable[[], tuple[int, int]]:
    """Return how much of the quota is used and held."""

    def _read() -> tuple[int, int]:
        db.session.rollback()
        balance = users.get("u-1").token_balance
        return balance.quota_used, balance.quota_held

    return _read


def test_user_is_provisioned_at_the_first_question(host_app: HostApp) -> None:
    assert host_app.client.get("/page").text == "True False 20"
    assert users.get("u-1").email == "una@example.test"


def test_stranger_may_nothing(host_app: HostApp) -> None:
    host_app.asking = None

    assert host_app.client.get("/mentor").status_code == 401
    assert host_app.client.get("/ask").status_code == 401
    assert host_app.client.get("/page").text == "False False "


def test_feature_of_a_higher_tier_is_refused(host_app: HostApp) -> None:
    answer = host_app.client.get("/mentor")

    assert answer.status_code == 403
    assert answer.get_json()["code"] == "feature_not_in_tier"


def test_answer_is_charged(host_app: HostApp, used: Callable[[], tuple[int, int]]) -> None:
    assert host_app.client.get("/ask").text == "answer"
    assert used() == (3, 0)


def test_view_says_what_it_came_to(host_app: HostApp, used: Callable[[], tuple[int, int]]) -> None:
    host_app.client.get("/ask-little")

    assert used() == (1, 0)


def test_refusal_says_where_to_buy(host_app: HostApp, settings: Settings) -> None:
    answer = host_app.client.get("/ask-much")

    assert answer.status_code == 402
    assert answer.get_json()["required"] == 1
    assert answer.get_json()["pricing_url"] == f"{settings.base_url}/billing/pricing"


@pytest.mark.parametrize(("path", "status"), [("/fail", 500), ("/refuse", 418)])
def test_view_that_raises_gives_back(
    host_app: HostApp, used: Callable[[], tuple[int, int]], path: str, status: int
) -> None:
    assert host_app.client.get(path).status_code == status
    assert used() == (0, 0)


def test_answer_that_is_an_error_gives_back(
    host_app: HostApp, used: Callable[[], tuple[int, int]]
) -> None:
    assert host_app.client.get("/answer-badly").status_code == 503
    assert used() == (0, 0)


def test_stream_is_charged_at_its_end(
    host_app: HostApp, used: Callable[[], tuple[int, int]]
) -> None:
    answer = host_app.client.get("/stream", buffered=False)
    assert used() == (0, 10)

    assert answer.text == "one two three "

    assert used() == (6, 0)


def test_stream_that_breaks_gives_back(
    host_app: HostApp, used: Callable[[], tuple[int, int]]
) -> None:
    answer = host_app.client.get("/stream?breaks=1", buffered=False)

    with pytest.raises(LookupError):
        _ = answer.text

    assert used() == (0, 0)


def test_reader_who_goes_away_gets_it_back(
    host_app: HostApp, used: Callable[[], tuple[int, int]]
) -> None:
    answer = host_app.client.get("/stream", buffered=False)
    parts = iter(answer.response)
    assert next(parts) == b"one "

    answer.close()

    assert used() == (0, 0)


def test_pages_answer_below_the_prefix(host_app: HostApp) -> None:
    assert host_app.client.get("/billing/api/v1/tiers").status_code == 200
    assert host_app.client.get("/page").status_code == 200


def test_portal_leads_the_hosts_user_in(host_app: HostApp, settings: Settings) -> None:
    with host_app.app.test_request_context():
        url = host_app.billhook.portal_url()

    answer = host_app.client.get(url.removeprefix(settings.base_url))
    assert answer.headers["Location"] == "/billing/account"
    assert host_app.client.get("/billing/account").status_code == 200


def test_billings_own_app_knows_the_decorators(app: Flask, client: FlaskClient) -> None:
    demo_catalog()
    _add_views(app)
    person: User = account(EMAIL)
    assert client.get("/mentor").status_code == 303
    log_in(client)

    assert client.get("/ask").text == "answer"
    assert client.get("/mentor").status_code == 403
    assert client.get("/page").text == "True False 17"
    db.session.rollback()
    assert person.token_balance.quota_used == 3
