"""What an invoice is for, in the reader's language: Stripe writes it in English sentences."""

import re

from flask import Flask

from billing.web.language import _
from billing.web.plan_words import plan_by

A_PERIOD = re.compile(r"\d+ \S (?P<tier>.+) \(at .+ / (?P<interval>month|year)\)")
A_TRIAL = re.compile(r"Trial period for (?P<tier>.+)")
THE_REST = re.compile(r"Remaining time on (?P<tier>.+) after .+")
UNUSED = re.compile(r"Unused time on (?P<tier>.+) after .+")


def init_app(app: Flask) -> None:
    """Give the templates the words as a filter."""
    app.jinja_env.filters["in_our_words"] = in_our_words


def in_our_words(description: str) -> str:
    """Return "Pro, monthly" for "… Pro (at $49.00 / month)"; what is not known stays as it is.

    https://docs.stripe.com/api/invoice-line-item/object
    """
    if found := A_PERIOD.fullmatch(description):
        return plan_by(found["tier"], found["interval"])
    if found := A_TRIAL.fullmatch(description):
        return _("%(tier)s, trial", tier=found["tier"])
    if found := THE_REST.fullmatch(description):
        return _("%(tier)s, rest of the period", tier=found["tier"])
    if found := UNUSED.fullmatch(description):
        return _("Unused time on %(tier)s", tier=found["tier"])
    return description
