"""The forms of the settings pages."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import AnyOf, Length, ValidationError

from billing import clock
from billing.domain.languages import LOCALES
from billing.web import time_zones
from billing.web.forms import Form, required
from billing.web.language import lazy_gettext as _l

MAX_KEY_NAME = 100
NEVER = "never"


class PreferencesForm(Form):
    """In which language and time zone a person reads."""

    locale = StringField(
        validators=[
            required(_l("Choose a language")),
            AnyOf(LOCALES, message=_l("Choose one of the languages")),
        ]
    )
    time_zone = StringField(validators=[required(_l("Choose a time zone"))])

    def validate_time_zone(self, field: Any) -> None:
        if not time_zones.is_zone(field.data):
            raise ValidationError(_l("Choose one of the time zones"))


class EmailChangeForm(Form):
    """A new address, with the password."""

    email = EmailField(validators=[required(_l("Enter your new email address"))])
    current_password = PasswordField(validators=[required(_l("Enter your current password"))])


class PasswordChangeForm(Form):
    """A new password, with the one that holds."""

    current_password = PasswordField(validators=[required(_l("Enter your current password"))])
    new_password = PasswordField(validators=[required(_l("Enter a new password"))])


class ApiKeyForm(Form):
    """What a new key is called, what it may do, and for how long."""

    SCOPES: ClassVar[tuple[tuple[str, str], ...]] = (
        ("read write", _l("Read and write: record AI requests, change the plan")),
        ("read", _l("Read only")),
    )
    LIFETIMES: ClassVar[tuple[tuple[str, str], ...]] = (
        (NEVER, _l("Never")),
        ("30", _l("After 30 days")),
        ("90", _l("After 90 days")),
        ("365", _l("After a year")),
    )

    name = StringField(
        filters=[lambda text: (text or "").strip()],
        validators=[
            required(_l("Enter a name for the key")),
            Length(max=MAX_KEY_NAME, message=_l("Use at most 100 characters")),
        ],
    )
    scopes = StringField(
        default="read write",
        validators=[AnyOf(dict(SCOPES), message=_l("Choose what the key may do"))],
    )
    expires = StringField(
        default=NEVER,
        validators=[AnyOf(dict(LIFETIMES), message=_l("Choose when the key expires"))],
    )

    @property
    def expires_at(self) -> datetime | None:
        days = self.expires.data
        return None if days == NEVER else clock.now() + timedelta(days=int(days))


class ClosingForm(Form):
    """The password once more."""

    current_password = PasswordField(validators=[required(_l("Enter your current password"))])
