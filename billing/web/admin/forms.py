"""What the forms of the desk may post; every change says why."""

from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from billing.web.forms import Form
from billing.web.language import lazy_gettext as _l

MAX_REASON = 300


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
