"""Security headers on every kind of answer (security H2, H3)."""

from __future__ import annotations

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from billing import create_app
from billing.settings import Settings
from billing.web.headers import content_security_policy
from tests.settings import make_settings

pytestmark = pytest.mark.one_database

ANSWERS = [
    ("GET", "/pricing", 200),
    ("GET", "/", 302),
    ("GET", "/nowhere", 404),
    ("DELETE", "/pricing", 405),
    ("POST", "/login", 400),
    ("GET", "/api/v1/nowhere", 404),
    ("GET", "/assets/old/app.css", 200),
    ("GET", "/healthz", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_is_hardened(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method)

    assert status == answer.status_code
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    for directive in ("base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert "same-origin" == answer.headers["Referrer-Policy"]
    assert "same-origin" == answer.headers["Cross-Origin-Opener-Policy"]
    assert "same-origin" == answer.headers["Cross-Origin-Resource-Policy"]


@pytest.mark.parametrize("path", ["/pricing", "/nowhere", "/api/v1/nowhere"])
def test_nothing_but_assets_is_stored(client: FlaskClient, path: str) -> None:
    assert "no-store" == client.get(path).headers["Cache-Control"]


def test_forms_may_lead_to_the_payment_page(settings: Settings) -> None:
    policy = content_security_policy(settings)

    assert f"form-action 'self' {settings.stripe_api_base};" in policy


def test_forms_may_lead_to_stripe_where_a_key_is_set() -> None:
    policy = content_security_policy(
        make_settings(
            configured_stripe_secret_key="sk_test_x", configured_webhook_secrets=("whsec_x",)
        )
    )

    assert "form-action 'self' https://checkout.stripe.com https://billing.stripe.com;" in policy


@pytest.mark.parametrize(
    ("base_url", "sent"),
    [("http://127.0.0.1:8000", None), ("https://pay.test", "max-age=31536000")],
)
def test_https_is_for_good_where_the_site_has_it(
    database: str, base_url: str, sent: str | None
) -> None:
    app = create_app(make_settings(database_url=database, configured_base_url=base_url))

    answer = app.test_client().get("/login", base_url=base_url)

    assert sent == answer.headers.get("Strict-Transport-Security")


class TestRequests:
    def test_large_body_is_refused(self, client: FlaskClient) -> None:
        answer = client.post("/login", data={"email": "x" * 300_000})

        assert 413 == answer.status_code

    def test_many_fields_are_refused(self, client: FlaskClient) -> None:
        answer = client.post("/login", data={f"field-{n}": "1" for n in range(1_001)})

        assert 413 == answer.status_code

    def test_chunked_body_is_refused(self, client: FlaskClient) -> None:
        answer = client.post("/login", headers={"Transfer-Encoding": "chunked"})

        assert 411 == answer.status_code

    def test_client_is_believed_only_behind_a_known_proxy(self, database: str) -> None:
        seen = []
        for proxies in (0, 1):
            app = create_app(make_settings(database_url=database, trusted_proxies=proxies))
            app.add_url_rule("/who", view_func=_who, endpoint="who")
            headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.test"}
            seen.append(app.test_client().get("/who", headers=headers).text)

        assert ["127.0.0.1 localhost", "203.0.113.9 evil.test"] == seen

    @pytest.mark.parametrize("host", ["evil.test", "app.test.evil.com", "app.test@evil.com", ""])
    def test_foreign_host_is_refused(self, database: str, host: str) -> None:
        app = create_app(make_settings(database_url=database, trusted_hosts=("app.test",)))

        answer = app.test_client().get("/login", headers={"Host": host})

        assert 400 == answer.status_code
        assert "evil" not in answer.text

    @pytest.mark.parametrize(
        ("host", "status"),
        [("pay.test", 200), ("127.0.0.1:8000", 200), ("web:8000", 200), ("evil.test", 400)],
    )
    def test_production_knows_its_host(self, host: str, status: int) -> None:
        # No database is asked: the page of a stranger without a session.
        app = create_app(
            make_settings(
                environment="production",
                secret_key="x" * 40,
                configured_base_url="https://pay.test",
                trusted_hosts=("web",),
                configured_stripe_secret_key="rk_live_" + "x" * 24,
                configured_webhook_secrets=("whsec_" + "x" * 32,),
                database_url="postgresql://nobody@127.0.0.1:1/none",
            )
        )

        assert app.test_client().get("/login", headers={"Host": host}).status_code == status

    def test_own_host_is_served(self, database: str) -> None:
        app = create_app(make_settings(database_url=database, trusted_hosts=("app.test",)))

        assert 200 == app.test_client().get("/login", headers={"Host": "app.test"}).status_code


def _who() -> str:

    return f"{request.remote_addr} {request.host}"


@pytest.mark.parametrize(
    "path", ["/static/../wsgi.py", "/assets/x/%2e%2e/css/tokens.css", "/.git/config", "/static/"]
)
def test_no_other_file_is_served(app: Flask, path: str) -> None:
    assert 404 == app.test_client().get(path).status_code
