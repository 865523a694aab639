"""A host product in Flask, with Billhook in the same process.

    BILLING_BASE_URL=http://127.0.0.1:9000 flask --app examples.flask_host run --port 9000

It has its own log-in and its own users. `/ask` streams an answer and is metered while it does: at
most 8 requests are held, what the answer took is charged at its end, and nothing when it breaks.
Billhook's own pages answer below `/billing`. It shares the database of `./dev run`; start that
once before, so that there is a catalog.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, redirect, render_template_string, request, session, url_for
from flask.typing import ResponseReturnValue

from billing import Billhook, create_app, metered_request, meters_ai_request, requires_feature
from billing.settings import Settings

PAGE = """<!doctype html>
<title>Ask me</title>
<p>You are {{ session.user or "nobody" }}.
{% if session.user %}{{ quota().remaining }} requests left.
<a href="/ask?question=what+is+a+hook">Ask</a>
{% if can_access("ai_mentor") %}<a href="/mentor">Mentor</a>{% endif %}
<a href="/plan">Plan and payments</a>
{% else %}<a href="/login?user=ada">Log in as Ada</a>{% endif %}
"""


def create_host(settings: Settings | None = None) -> Flask:
    """Build the host's app; Billhook's settings come from the environment by default."""
    app = Flask("host")
    billing_app = create_app(settings)
    # An example has no secrets of its own.
    app.secret_key = billing_app.config["SECRET_KEY"] + "-host"
    billhook = Billhook(billing_app, identify=who_is_asking)
    billhook.init_app(app)

    @app.get("/")
    def index() -> str:
        return render_template_string(PAGE)

    @app.get("/login")
    def login() -> ResponseReturnValue:
        session["user"] = request.args["user"]
        return redirect(url_for("index"))

    @app.get("/plan")
    def plan() -> ResponseReturnValue:
        return redirect(billhook.portal_url())

    app.add_url_rule("/ask", view_func=ask)
    app.add_url_rule("/mentor", view_func=mentor)
    return app


def who_is_asking() -> tuple[str, str] | None:
    """Tell Billhook the host's id and address of who is logged in here."""
    user = session.get("user")
    return (f"host-{user}", f"{user}@host.example.test") if user else None


@meters_ai_request("ai_chat", 8)
def ask() -> Iterator[str]:
    """Stream an answer, one request a word."""
    metered = metered_request()
    words = f"You asked: {request.args['question']}".split()

    def _answer() -> Iterator[str]:
        metered.quantity = 0
        for word in words:
            metered.quantity += 1
            yield f"{word} "

    return _answer()


@requires_feature("ai_mentor")
def mentor() -> str:
    """Say what only some plans include."""
    return "Sharpen the hook before you bill the wood."


def __getattr__(name: str) -> Flask:
    """Build `app` when `flask run` asks for it, and not when a test imports this file."""
    if name != "app":
        raise AttributeError(name)
    return create_host()
