"""The form of the alerts: from which share of the quota, and below how many tokens."""

from typing import Any

from wtforms import SelectField

from billing.domain.alerts import QUOTA_PERCENTS, TOKEN_MARKS
from billing.errors import InvalidInput
from billing.services.alerts import Thresholds
from billing.web.filters import number, percent
from billing.web.forms import Form
from billing.web.language import _

NEVER = "never"


class AlertForm(Form):
    """What a person wants to be written to about."""

    quota_percent = SelectField()
    tokens_below = SelectField()

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        never = (NEVER, _("Never"))
        self.quota_percent.choices = [
            never,
            *((str(mark), percent(mark / 100)) for mark in QUOTA_PERCENTS),
        ]
        self.tokens_below.choices = [never, *((str(mark), number(mark)) for mark in TOKEN_MARKS)]


def filled(thresholds: Thresholds) -> AlertForm:
    """Return the form as it was saved."""
    return AlertForm(
        data={
            "quota_percent": str(thresholds.quota_percent or NEVER),
            "tokens_below": str(thresholds.tokens_below or NEVER),
        }
    )


def posted() -> Thresholds:
    """Read the form.

    Raises:
        InvalidInput: it has something else than the lists offer.
    """
    form = AlertForm()
    if not form.validate():
        raise InvalidInput(_("Choose from the lists."))
    return Thresholds(_mark(form.quota_percent.data), _mark(form.tokens_below.data))


def _mark(choice: str) -> int | None:
    return None if choice == NEVER else int(choice)
