"""Forms: what a page may post, by name; everything else in the request is ignored."""

from collections.abc import Mapping
from typing import Any, cast

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired

from billing.errors import InvalidInput


class Form(FlaskForm):  # type: ignore[misc]
    """The base of every form: errors in the order of its fields, its own and the service's."""

    def take_errors(self, error: InvalidInput) -> None:
        """Show a service's refusal at the fields that it names."""
        errors = cast("Mapping[str, str]", error.members.get("errors", {}))
        for name, message in errors.items():
            self[name].errors = [*self[name].errors, message]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Each field that has an error, and the first of them: what `error_summary` shows."""
        return [(field.name, field.errors[0]) for field in self if field.errors]

    def problem(self, name: str) -> str | None:
        """Return the first error of one field."""
        return dict(self.problems).get(name)


def required(message: str) -> Any:
    return InputRequired(message=message)


class CredentialsForm(Form):
    """Log-in and sign-up."""

    email = EmailField(validators=[required("Enter your email address")])
    password = PasswordField(validators=[required("Enter your password")])


class EmailForm(Form):
    """Who has forgotten the password."""

    email = EmailField(validators=[required("Enter your email address")])


class NewPasswordForm(Form):
    """A new password, for who came by a link."""

    password = PasswordField(validators=[required("Enter a new password")])


class EmptyForm(Form):
    """A button that needs no field."""
