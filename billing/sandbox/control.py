"""`/_control/`: what only a sandbox can do, as JSON for tests. The key of the account comes as
Bearer token; bodies are JSON objects."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, jsonify, request

from billing.sandbox import paying, session_terms, settling, webhooks
from billing.sandbox.api import authenticate, engine
from billing.sandbox.cards import find_card
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, invalid
from billing.sandbox.event_log import deliver_event, deliver_held, events_with_deliveries, forget
from billing.sandbox.faults import KINDS, Fault
from billing.sandbox.payments import Payer
from billing.sandbox.purchase import Result
from billing.sandbox.unit import Unit

DEFAULT_TIMEOUT_SECONDS = 15.0


def control_blueprint(name: str) -> Blueprint:
    """A part of `/_control/`: its refusals are JSON as Stripe's are."""
    part = Blueprint(name, __name__, url_prefix="/_control")
    part.register_error_handler(ApiError, lambda error: (jsonify(error.body()), error.status))
    return part


bp = control_blueprint("control")


def for_account(view: Callable[..., Any]) -> Callable[..., Response]:
    """Call the view with the account of the Bearer key; what it returns is sent as JSON."""

    @wraps(view)
    def wrapped(**path: str) -> Response:
        return jsonify(view(authenticate(), **path))

    return wrapped


def body() -> Json:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


@bp.get("/health")
def health() -> Response:
    return jsonify({"status": "ok", "api_version": engine().contract.api_version})


@bp.get("/events")
@for_account
def list_events(account: str) -> Json:
    """Events oldest first with their deliveries; `?type=`, `?state=`, `?object=`."""
    kind, state, about = (request.args.get(name) for name in ("type", "state", "object"))
    with engine().view(account) as unit:
        found = events_with_deliveries(unit, event_type=kind, state=state, about=about)
        return {"data": found}


@bp.post("/events/<event_id>/deliver")
@for_account
def deliver(account: str, event_id: str) -> Json:
    """Send an event (again) to every endpoint that wants it: `times`, `delay` in seconds."""
    given = body()
    times, delay = int(given.get("times", 1)), float(given.get("delay", 0))
    with engine().unit(account) as unit:
        deliver_event(unit, event_id, times=times, delay_seconds=delay)
    engine().dispatcher.wake()
    return {"event": event_id, "times": times}


@bp.post("/deliveries")
@for_account
def set_mode(account: str) -> Json:
    """How the account's webhooks go from now on; leaving `hold` sends what was held."""
    mode = body().get("mode")
    if mode not in webhooks.MODES:
        raise invalid(f"Invalid mode: must be one of {', '.join(webhooks.MODES)}", "mode")
    with engine().unit(account) as unit:
        unit.db.execute("UPDATE accounts SET webhook_mode = ? WHERE id = ?", (mode, account))
        if mode != "hold":
            deliver_held(unit)
    engine().dispatcher.wake()
    return {"mode": mode}


@bp.post("/fail")
@for_account
def fail(account: str) -> Json:
    """Make the next `times` calls of an `operation` fail; `{"clear": true}` ends it."""
    given, faults = body(), engine().faults
    if given.get("clear"):
        faults.clear(account)
        return {"waiting": []}
    wanted = given.get("status", 500)
    kind = wanted if isinstance(wanted, str) else "status"
    if kind not in KINDS:
        raise invalid(f"Invalid status: an HTTP status or one of {', '.join(KINDS)}", "status")
    faults.add(
        Fault(
            account=account,
            operation=given.get("operation", ""),
            kind=kind,
            status=wanted if isinstance(wanted, int) else 500,
            seconds=float(given.get("seconds", 30)),
            times=int(given.get("times", 1)),
            is_after=given.get("when") == "after",
        )
    )
    return {"waiting": [vars(fault) for fault in faults.of(account)]}


@bp.post("/checkout/<session_id>/complete")
@for_account
def complete(account: str, session_id: str) -> Json:
    """Pay without a browser: `card`, `email`, `name`, `country`, `promotion_code`, `webhooks`
    (`normal`, seconds or `never`), `copies`, `shuffle`, and `authenticate` (true or false) for a
    3-D Secure card."""
    given = body()
    card = find_card(str(given.get("card", "4242")))
    if card is None:
        raise invalid("Use one of the test cards.", "card")
    country = given.get("country", "US")
    payer = Payer(email=given.get("email"), name=given.get("name"), country=country)
    with engine().unit(account, plan=_plan(given)) as unit:
        session = unit.get("checkout.session", session_id, param="session")
        if "promotion_code" in given:
            refusal = session_terms.apply_code(unit, session, given["promotion_code"])
            if refusal:
                raise invalid(refusal, "promotion_code")
            session = unit.get("checkout.session", session_id)
        attempt = paying.attempt(unit, session, card, payer)
        if attempt.result == Result.NEEDS_AUTHENTICATION and "authenticate" in given:
            session = unit.get("checkout.session", session_id)
            approved = bool(given["authenticate"])
            attempt = paying.authenticate(unit, session, card, payer, approved=approved)
        return {
            "result": attempt.result,
            "decline": attempt.decline and attempt.decline.code,
            "session": unit.get("checkout.session", session_id),
        }


@bp.post("/checkout/<session_id>/settle")
@for_account
def settle(account: str, session_id: str) -> Json:
    """The money of a payment that came later has arrived."""
    return _with_session(
        account, session_id, lambda unit, found: settling.settle(unit, found, succeeded=True)
    )


@bp.post("/checkout/<session_id>/fail")
@for_account
def fail_payment(account: str, session_id: str) -> Json:
    """The money of a payment that was to come later did not."""
    return _with_session(
        account, session_id, lambda unit, found: settling.settle(unit, found, succeeded=False)
    )


@bp.post("/reset")
@for_account
def reset(account: str) -> Json:
    """Forget everything of the account, deliveries that are still to come included."""
    engine().faults.clear(account)
    with engine().unit(account) as unit:
        forget(unit)
    return {"account": account}


@bp.get("/idle")
@for_account
def idle(account: str) -> Json:
    """Block until no delivery of the account is pending, or for `?timeout=` seconds."""
    timeout = request.args.get("timeout", DEFAULT_TIMEOUT_SECONDS, float)
    pending = engine().dispatcher.wait_until_idle(account, timeout)
    return {"idle": not pending, "pending": pending}


def _with_session(account: str, session_id: str, work: Callable[[Unit, Json], Json]) -> Json:
    with engine().unit(account) as unit:
        return work(unit, unit.get("checkout.session", session_id, param="session"))


def _plan(given: Json) -> webhooks.Plan:
    wanted = given.get("webhooks", "normal")
    delay = None if wanted == "never" else 0.0 if wanted == "normal" else float(wanted)
    return webhooks.Plan(
        delay_seconds=delay,
        copies=int(given.get("copies", 1)),
        is_shuffled=bool(given.get("shuffle")),
    )
