"""How a line of the history reads: what it was, in one word and in a few."""

from flask import Flask

from billing.domain.history import HistoryLine
from billing.web.language import _

KINDS = {
    "ai_request": "Usage",
    "grant": "Added",
    "expire": "Expired",
    "clawback": "Taken back",
    "repay": "Repaid",
    "restore": "Restored",
    "freeze": "Frozen",
    "thaw": "Unfrozen",
}


def init_app(app: Flask) -> None:
    """Give the templates the words as filters."""
    app.jinja_env.globals["history_kinds"] = lambda: KINDS
    app.jinja_env.filters["lot_source"] = lot_source
    app.jinja_env.filters["history_kind"] = history_kind
    app.jinja_env.filters["history_what"] = history_what


def history_kind(line: HistoryLine) -> str:
    """Return the type in one word."""
    return KINDS.get(line.kind, line.kind.replace("_", " ").capitalize())


def history_what(line: HistoryLine) -> str:
    """Return what the line is about: the feature, or why tokens came or went."""
    if line.kind != "ai_request":
        return line.reason or history_kind(line)
    return line.feature_name or line.feature or "AI request"


def lot_source(source: str) -> str:
    """Return where tokens came from."""
    words = {
        "order": _("Bought"),
        "bonus": _("Bonus of a purchase"),
        "grant": _("Given by support"),
    }
    return words.get(source, source)
