"""The sandbox as a WSGI application."""

import atexit
from pathlib import Path

from flask import Flask

from billing.sandbox import api, control, control_money
from billing.sandbox.engine import Engine
from billing.sandbox.hosted import checkout, invoices, panel, portal
from billing.sandbox.settings import SandboxSettings

CONTROLS = (control.bp, control_money.bp)
ROOT = Path(__file__).resolve().parents[2]


def create_sandbox(settings: SandboxSettings) -> Flask:
    """A Stripe-like server with its delivery threads running."""
    app = Flask(
        __name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static")
    )
    engine = Engine(settings)
    app.extensions["sandbox"] = engine
    for bp in (api.bp, *CONTROLS, checkout.bp, portal.bp, invoices.bp, panel.bp):
        app.register_blueprint(bp)
    engine.dispatcher.start()
    atexit.register(engine.dispatcher.stop)
    return app
