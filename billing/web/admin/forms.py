"""What the forms of the desk may post; every change says why."""

import secrets
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    StringField,
    TextAreaField,
)
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, Regexp

from billing.domain.adjustments import AdjustmentReason
from billing.domain.money import Money
from billing.services.admin.adjustments import Adjustment
from billing.services.admin.plans import CancelWhen
from billing.web.admin.amounts import MAX_MINOR, read_minor_units
from billing.web.admin.zones import current_zone
from billing.web.forms import Form
from billing.web.language import lazy_gettext as _l

MAX_REASON = 300
REASON_WORDS = {
    AdjustmentReason.GOODWILL: _l("Goodwill"),
    AdjustmentReason.CORRECTION: _l("Correction"),
    AdjustmentReason.PROMOTION: _l("Promotion"),
    AdjustmentReason.MISUSE: _l("Misuse"),
    AdjustmentReason.TEST: _l("Test"),
}
WHEN_WORDS = {
    CancelWhen.PERIOD_END: _l("At the end of the paid period"),
    CancelWhen.NOW: _l("Now"),
}
WHOLE_NUMBER = Regexp(r"\A[+-]?[0-9]{1,16}\Z", message=_l("Enter a number that is not 0"))
KEY = Regexp(r"\A[A-Za-z0-9_-]{20,40}\Z", message=_l("This form is too old. Open it again"))


def _stripped(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


def _why(label: str) -> TextAreaField:
    return TextAreaField(
        label,
        filters=[_stripped],
        validators=[
            DataRequired(message=_l("Say why")),
            Length(max=MAX_REASON, message=_l("Write at most 300 characters")),
        ],
    )


class ReasonForm(Form):
    """A change that only needs to say why."""

    reason = _why(_l("Why"))


class OnceForm(ReasonForm):
    """A change that must not happen twice: the form brings its own key, from where it was shown."""

    key = HiddenField(default=lambda: secrets.token_urlsafe(18), validators=[KEY])


class AdjustmentForm(OnceForm):
    """Tokens to give or to take; a large amount is typed twice, on the page that confirms it."""

    tokens = StringField(filters=[_stripped], validators=[WHOLE_NUMBER])
    CODES: ClassVar = tuple(REASON_WORDS.items())

    code = StringField(validators=[AnyOf(REASON_WORDS, message=_l("Choose a reason"))])
    writes_email = BooleanField()
    confirmed = BooleanField()
    again = StringField(filters=[_stripped])

    @property
    def adjustment(self) -> Adjustment:
        return Adjustment(
            tokens=int(self.tokens.data),
            reason=AdjustmentReason(self.code.data),
            note=self.reason.data,
            writes_email=self.writes_email.data,
            idempotency_key=self.key.data,
        )

    def says_it_again(self) -> bool:
        """Return whether a large amount was typed twice alike; a small one need not be."""
        if not self.adjustment.is_large or self.again.data == self.tokens.data:
            return True
        self.again.errors = [*self.again.errors, _l("Type the same number again")]
        return False


class CancelForm(ReasonForm):
    """When a plan ends."""

    WHEN: ClassVar = tuple(WHEN_WORDS.items())

    when = StringField(
        default=CancelWhen.PERIOD_END,
        validators=[AnyOf(WHEN_WORDS, message=_l("Choose when it ends"))],
    )


class ComplimentaryForm(ReasonForm):
    """A plan that is given, and its last day."""

    tier = StringField(validators=[InputRequired(message=_l("Choose a plan"))])
    until = DateField(validators=[InputRequired(message=_l("Choose the last day"))])

    @property
    def ends_at(self) -> datetime:
        """The end of the last day, where the admin lives."""
        following = self.until.data + timedelta(days=1)
        return datetime.combine(following, time.min, current_zone()).astimezone(UTC)


class RefundForm(OnceForm):
    """How much goes back, as it is written where the admin lives."""

    amount = StringField(
        filters=[_stripped], validators=[InputRequired(message=_l("Enter an amount"))]
    )
    confirmed = BooleanField()

    def money(self, currency: str) -> Money | None:
        """Return the amount; None, with an error at the field, where it is none."""
        minor = read_minor_units(self.amount.data, currency)
        if minor is not None and minor == minor.to_integral_value() and abs(minor) < MAX_MINOR:
            return Money(int(minor), currency)
        self.amount.errors = [*self.amount.errors, _l("Enter an amount, like 12.50")]
        return None
