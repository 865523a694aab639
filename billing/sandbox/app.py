"""The sandbox as a WSGI application."""

import atexit
from pathlib import Path

from flask import Flask

from billing.sandbox import api, control, control_money, control_time
from billing.sandbox.engine import Engine
from billing.sandbox.hosted import checkout, invoices, panel, panel_actions, portal
from billing.sandbox.settings import SandboxSettings

CONTROLS = (control.bp, control_money.bp, control_time.bp)
ROOT = Path(__file__).resolve().parents[2]


def create_sandbox(settings: SandboxSettings) -> Flask:
    """A Stripe-like server with its delivery threads running."""
    app = Flask(
        __name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static")
    )
    engine = Engine(settings)
    app.extensions["sandbox"] = engine
    for bp in (api.bp, *CONTROLS, checkout.bp, portal.bp, invoices.bp, panel.bp, panel_actions.bp):
        app.register_blueprint(bp)
    for worker in (engine.dispatcher, engine.timekeeper):
        worker.start()
        atexit.register(worker.stop)
    return app
