"""The control page at `/`: what an account has, and what can be done about it."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from billing.sandbox import settling, webhooks
from billing.sandbox.api import engine
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError
from billing.sandbox.event_log import deliver_event, deliver_held, events_with_deliveries
from billing.sandbox.hosted import panel_data
from billing.sandbox.hosted.pages import page_blueprint
from billing.sandbox.lists import Query
from billing.sandbox.unit import Unit

bp = page_blueprint("panel")
SHOWN_SESSIONS, SHOWN_ROWS, SHOWN_EVENTS, SHOWN_ACCOUNTS = 20, 20, 60, 20


@bp.get("/")
def show() -> str:
    accounts = _accounts()
    chosen = request.args.get("account") or engine().account_of(engine().settings.default_key)
    with engine().view(chosen) as unit:
        mode = _mode(unit)
        params = {"limit": SHOWN_SESSIONS}
        sessions = Query(unit, "checkout.session", params).page("")["data"]
        events = events_with_deliveries(unit, limit=SHOWN_EVENTS)
        shown = {
            "customers": panel_data.customers_of(unit, SHOWN_ROWS),
            "now": unit.now,
            "payments": panel_data.payments_of(unit, SHOWN_ROWS),
            "subscriptions": panel_data.subscriptions_of(unit, SHOWN_ROWS),
        }
    return render_template(
        "sandbox/panel.html",
        **shown,
        account=chosen,
        accounts=accounts,
        app_name=engine().settings.app_name,
        events=[_told(event) for event in reversed(events)],
        health=panel_data.health_of(chosen),
        mode=mode,
        modes=webhooks.MODES,
        sessions=sessions,
    )


@bp.post("/panel/<account>/webhooks")
def set_mode(account: str) -> Response:
    mode = request.form.get("mode", "")
    if mode not in webhooks.MODES:
        raise ApiError("Choose one of the modes.")
    with engine().unit(account) as unit:
        _mode(unit)
        unit.db.execute("UPDATE accounts SET webhook_mode = ? WHERE id = ?", (mode, account))
        if mode != "hold":
            deliver_held(unit)
    return back(account, "webhooks-title")


@bp.post("/panel/<account>/events/<event_id>")
def deliver(account: str, event_id: str) -> Response:
    with engine().unit(account) as unit:
        deliver_event(unit, event_id, times=1, delay_seconds=0)
    return back(account, "events-title")


@bp.post("/panel/<account>/sessions/<session_id>")
def act(account: str, session_id: str) -> Response:
    """Expire an open session; settle or fail a payment that is to come later."""
    action = request.form.get("action")
    with engine().unit(account) as unit:
        session = unit.get("checkout.session", session_id)
        if action == "expire" and session["status"] == "open":
            settling.expire(unit, session)
        elif action in ("settle", "fail"):
            settling.settle(unit, session, succeeded=action == "settle")
        else:
            raise ApiError("This session has moved on. Go back and look again.")
    return back(account, "sessions-title")


def back(account: str, anchor: str) -> Response:
    """To the part of the page where the button was."""
    engine().dispatcher.wake()
    return redirect(url_for("panel.show", account=account, _anchor=anchor), 303)


def _accounts() -> list[Json]:
    with engine().store.reading() as db:
        rows = db.execute(
            "SELECT id, api_key FROM accounts ORDER BY created DESC LIMIT ?", (SHOWN_ACCOUNTS,)
        ).fetchall()
    return [{"id": row["id"], "key": f"{row['api_key'][:12]}…"} for row in rows]


def _mode(unit: Unit) -> str:
    row = unit.db.execute(
        "SELECT webhook_mode FROM accounts WHERE id = ?", (unit.account,)
    ).fetchone()
    if row is None:
        raise ApiError(f"No such account: '{unit.account}'", status=404)
    return str(row["webhook_mode"])


def _told(event: Json) -> Json:
    """One line about an event: what, about which object, and where its deliveries stand."""
    told = []
    for delivery in event["deliveries"]:
        last = delivery["log"][-1] if delivery["log"] else None
        answer = (last["status"] or last["error"]) if last else None
        told.append(
            {"state": delivery["state"], "attempts": delivery["attempts"], "answer": answer}
        )
    return {
        "id": event["id"],
        "type": event["type"],
        "created": event["created"],
        "object": event["data"]["object"].get("id", ""),
        "deliveries": told,
    }
