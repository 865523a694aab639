"""How a line of the history reads: what it was, in one word and in a few."""

from flask import Flask

from billing.domain import ledger_reasons
from billing.domain.history import AI_REQUEST, HistoryLine
from billing.domain.ledger import LotSource, TransactionKind
from billing.models import TokenTransaction
from billing.web.filters import number
from billing.web.language import _, lazy_gettext, ngettext, translate

KINDS = {
    "ai_request": lazy_gettext("Usage"),
    "grant": lazy_gettext("Added"),
    "expire": lazy_gettext("Expired"),
    "clawback": lazy_gettext("Taken back"),
    "repay": lazy_gettext("Repaid"),
    "restore": lazy_gettext("Restored"),
    "freeze": lazy_gettext("Frozen"),
    "thaw": lazy_gettext("Unfrozen"),
    "withdraw": lazy_gettext("Taken out"),
}


def init_app(app: Flask) -> None:
    """Give the templates the words as filters."""
    app.jinja_env.globals["history_kinds"] = lambda: KINDS
    app.jinja_env.filters["lot_source"] = lot_source
    app.jinja_env.filters["history_kind"] = history_kind
    app.jinja_env.filters["history_what"] = history_what
    app.jinja_env.filters["move_reason"] = move_reason


def history_kind(line: HistoryLine) -> str:
    """Return the type in one word."""
    return KINDS.get(line.kind, line.kind.replace("_", " ").capitalize())


def history_what(line: HistoryLine) -> str:
    """Return what the line is about: the feature, or why tokens came or went."""
    if line.kind == AI_REQUEST:
        return translate(line.feature_name) if line.feature_name else _("AI request")
    return move_reason(line)


def move_reason(line: HistoryLine | TokenTransaction) -> str:
    """Return why tokens came or went."""
    if line.kind == TransactionKind.REPAY or line.reason is None:
        return KINDS[line.kind]
    if (line.kind, line.source) == (TransactionKind.GRANT, LotSource.ORDER):
        return ngettext("%(count)s token", "%(count)s tokens", line.delta, count=number(line.delta))
    if (line.kind, line.source) == (TransactionKind.GRANT, LotSource.BONUS):
        return lot_source(LotSource.BONUS)
    return translate(ledger_reasons.read(line.reason))


def lot_source(source: str) -> str:
    """Return where tokens came from."""
    words = {
        "order": _("Bought"),
        "bonus": _("Bonus of a purchase"),
        "grant": _("Given by support"),
    }
    return words.get(source, source)
