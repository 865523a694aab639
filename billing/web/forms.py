"""Forms: what a page may post, by name; everything else in the request is ignored."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from billing.errors import InvalidInput
from billing.web import time_zones
from billing.web.language import lazy_gettext as _l
from billing.web.language import translate

MAX_COMMENT = 500


class Form(FlaskForm):  # type: ignore[misc]
    """The base of every form: errors in the order of its fields, its own and the service's."""

    def take_errors(self, error: InvalidInput) -> None:
        """Show a service's refusal at the fields that it names."""
        errors = cast("Mapping[str, str]", error.members.get("errors", {}))
        for name, message in errors.items():
            self[name].errors = [*self[name].errors, translate(message)]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Each field that has an error, and the first of them: what `error_summary` shows."""
        return [(field.name, field.errors[0]) for field in self if field.errors]

    def problem(self, name: str) -> str | None:
        """Return the first error of one field."""
        return dict(self.problems).get(name)


def required(message: str) -> Any:
    return InputRequired(message=message)


def _none_if_empty(text: str | None) -> str | None:
    return (text or "").strip() or None


class CredentialsForm(Form):
    """Log-in and sign-up."""

    email = EmailField(validators=[required(_l("Enter your email address"))])
    password = PasswordField(validators=[required(_l("Enter your password"))])


class PasswordForm(Form):
    """The password once more, of who is logged in."""

    password = PasswordField(validators=[required(_l("Enter your password"))])


class SignUpForm(CredentialsForm):
    """Sign-up: a script fills in the browser's time zone, where one runs."""

    time_zone = StringField()

    @property
    def known_time_zone(self) -> str:
        guess = self.time_zone.data or ""
        return guess if time_zones.is_zone(guess) else time_zones.UTC


class EmailForm(Form):
    """Who has forgotten the password."""

    email = EmailField(validators=[required(_l("Enter your email address"))])


class NewPasswordForm(Form):
    """A new password, for who came by a link."""

    password = PasswordField(validators=[required(_l("Enter a new password"))])


class CodeForm(Form):
    """A code of an authenticator app, or one from paper."""

    code = StringField(
        validators=[required(_l("Enter the code")), Length(max=40, message=_l("Enter one code"))]
    )


class CancellationForm(Form):
    """Why a plan is cancelled: Stripe's word for it and the person's own, both optional."""

    REASONS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("unused", _l("I do not use it enough")),
        ("too_expensive", _l("It costs too much")),
        ("missing_features", _l("It lacks a feature I need")),
        ("switched_service", _l("I am moving to another service")),
        ("low_quality", _l("The quality was not good enough")),
        ("too_complex", _l("It is too hard to use")),
        ("customer_service", _l("The support did not help me")),
        ("other", _l("Something else")),
    )

    reason = StringField(
        filters=[_none_if_empty],
        validators=[
            Optional(),
            AnyOf(dict(REASONS), message=_l("Choose one of the reasons")),
        ],
    )
    comment = TextAreaField(
        filters=[_none_if_empty],
        validators=[
            Length(
                max=MAX_COMMENT,
                message=_l("Write at most %(count)s characters", count=MAX_COMMENT),
            )
        ],
    )


class EmptyForm(Form):
    """A button that needs no field."""
