"""Signing up, logging in and out, and the pages that links in e-mails lead to."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billing.errors import InvalidInput, NotAuthenticated
from billing.models import LinkPurpose, User
from billing.services import accounts, links, second_factor, sessions
from billing.services.accounts import Newcomer
from billing.web import login as browser
from billing.web import pages, settings
from billing.web.forms import (
    CodeForm,
    CredentialsForm,
    EmailForm,
    EmptyForm,
    NewPasswordForm,
    SignUpForm,
)
from billing.web.language import _, reader, translate
from billing.web.plan_ahead import find_plan_ahead

bp = Blueprint("auth", __name__)


@bp.route("/signup", methods=["GET", "POST"])
def signup() -> ResponseReturnValue:
    form = SignUpForm()
    if form.validate_on_submit():
        try:
            done = accounts.sign_up(
                form.email.data,
                form.password.data,
                newcomer=_newcomer(form),
                person_key=settings.current().person_key,
            )
        except InvalidInput as error:
            form.take_errors(error)
        else:
            browser.log_in(done.session_token)
            if done.wrote_email:
                sent = _(
                    "We sent an email to %(email)s. It says what comes next.", email=form.email.data
                )
                flash(sent, "info")
            return redirect(browser.next_path(), HTTPStatus.SEE_OTHER)
    plan_ahead = find_plan_ahead(browser.next_path())
    return pages.show("auth/signup.html", form, plan_ahead=plan_ahead)


@bp.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    form = CredentialsForm()
    if form.validate_on_submit():
        try:
            user = accounts.authenticate(form.email.data, form.password.data, address=_address())
        except NotAuthenticated as error:
            return render_template(
                "auth/login.html", form=form, refusal=translate(error.detail)
            ), HTTPStatus.UNAUTHORIZED
        if second_factor.is_on(user):
            browser.wait_for_code(user)
            return _go_to_code()
        return _enter(user)
    if browser.is_logged_in():
        return redirect(browser.next_path())
    return pages.show("auth/login.html", form)


@bp.route("/login/code", methods=["GET", "POST"])
def login_code() -> ResponseReturnValue:
    person, form = browser.find_person_to_prove(), CodeForm()
    if person is None:
        return redirect(url_for("auth.login", next=request.args.get("next")))
    if form.validate_on_submit():
        try:
            second_factor.check(person, form.code.data, key=settings.current().person_key)
        except InvalidInput as error:
            form.take_errors(error)
        else:
            sessions.end(browser.session_token())
            return _enter(person, gave_second_factor=True)
    return pages.show("auth/login_code.html", form)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    browser.log_out()
    response = redirect(url_for("auth.login"), HTTPStatus.SEE_OTHER)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.route("/forgot-password", methods=["GET", "POST"])
def forgot_password() -> ResponseReturnValue:
    form = EmailForm()
    if form.validate_on_submit():
        try:
            accounts.request_password_reset(form.email.data, address=_address())
        except InvalidInput as error:
            form.take_errors(error)
        else:
            sent = _(
                "If %(email)s has an account, we sent it a link. It works once, within 60 minutes.",
                email=form.email.data,
            )
            flash(sent, "info")
            return redirect(url_for("auth.forgot_password"), HTTPStatus.SEE_OTHER)
    return pages.show("auth/forgot_password.html", form)


@bp.route("/reset-password/<token>", methods=["GET", "POST"])
def reset_password(token: str) -> ResponseReturnValue:
    user = links.get_user(token, LinkPurpose.RESET_PASSWORD)
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            accounts.reset_password(token, form.password.data)
        except InvalidInput as error:
            form.take_errors(error)
        else:
            browser.log_out()
            flash(_("Password changed. Log in with the new one."), "ok")
            return redirect(url_for("auth.login"), HTTPStatus.SEE_OTHER)
    return pages.show("auth/reset_password.html", form, email=user.email)


@bp.route("/verify-email/<token>", methods=["GET", "POST"])
def verify_email(token: str) -> ResponseReturnValue:
    user = links.get_user(token, LinkPurpose.VERIFY_EMAIL)
    form = EmptyForm()
    # Programs that look into e-mails open links; only a person presses the button.
    if form.validate_on_submit():
        accounts.verify_email(token)
        flash(_("Email address confirmed."), "ok")
        return redirect(url_for("account.index"), HTTPStatus.SEE_OTHER)
    return pages.show("auth/verify_email.html", form, email=user.email)


def _enter(user: User, *, gave_second_factor: bool = False) -> ResponseReturnValue:
    user_agent = request.user_agent.string
    token = sessions.start(user, user_agent=user_agent, gave_second_factor=gave_second_factor)
    browser.log_in(token)
    return redirect(browser.next_path(), HTTPStatus.SEE_OTHER)


def _go_to_code() -> ResponseReturnValue:
    address = url_for("auth.login_code", next=request.args.get("next"))
    return redirect(address, HTTPStatus.SEE_OTHER)


def _newcomer(form: SignUpForm) -> Newcomer:
    return Newcomer(
        address=_address(),
        user_agent=request.user_agent.string,
        locale=reader().spoken_locale,
        time_zone=form.known_time_zone,
    )


def _address() -> str:
    return request.remote_addr or ""
