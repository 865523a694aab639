"""How a page answers a form: with what is wrong at its fields, or with what was done."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from billing.web.forms import Form


def show(template: str, form: Form, **values: object) -> ResponseReturnValue:
    """Render the page of a form; one with errors answers 422."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render_template(template, form=form, **values), status


def done(message: str, endpoint: str) -> ResponseReturnValue:
    """Go to the page of the endpoint, which says what was done."""
    flash(message, "ok")
    return redirect(url_for(endpoint), HTTPStatus.SEE_OTHER)
