"""What the routes of the desk answer with: a form, the record it is about, or why not."""

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billing.errors import BillingError
from billing.web.forms import Form
from billing.web.language import translate


def show(template: str, form: Form, **values: object) -> ResponseReturnValue:
    """Answer with the page of a form: 422 where it was posted and has errors.

    Args:
        template: its page.
        form: what it posts.
        values: what it shows besides.
    """
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.problems else HTTPStatus.OK
    return render_template(template, form=form, **values), status


def back_to(record_id: int, message: str) -> ResponseReturnValue:
    """Go back to the record of the user, and say there what was done.

    Args:
        record_id: our id of the user.
        message: what was done, in the reader's language.
    """
    flash(message, "ok")
    return redirect(url_for("admin.user", record_id=record_id), HTTPStatus.SEE_OTHER)


def refuse(refusal: BillingError) -> ResponseReturnValue:
    """Go back to the record, or the list, with the reason why nothing was done.

    Args:
        refusal: it has changed since the form was opened, or Stripe would not.
    """
    flash(translate(refusal.detail), "bad")
    record_id = (request.view_args or {}).get("record_id")
    page = url_for("admin.user", record_id=record_id) if record_id else url_for("admin.users")
    return redirect(page, HTTPStatus.SEE_OTHER)
