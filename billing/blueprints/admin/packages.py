"""Token packages: the list, the record of one, what changes it, and the push to Stripe."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.domain.money import Money
from billing.errors import Conflict, GatewayError, InvalidInput
from billing.models import TokenPackage
from billing.services import audit, catalog, catalog_comparison, catalog_edits
from billing.services.admin import packages as package_records
from billing.web import gateway
from billing.web.admin import catalog_pages, catalog_words, lists
from billing.web.admin.answers import show
from billing.web.admin.catalog_forms import PackageForm
from billing.web.admin.guard import current_actor, password_required
from billing.web.admin.list_view import Column, Filter, ListView
from billing.web.forms import EmptyForm
from billing.web.language import _, translate
from billing.web.language import lazy_gettext as _l
from billing.web.login import next_path

LINES_SHOWN = 20
VIEW: ListView[TokenPackage] = ListView(
    endpoint="admin.packages",
    export_endpoint="admin.export_packages",
    template="admin/packages/index.html",
    noun="token-packages",
    search_label=_l("Name"),
    listing=package_records.listing,
    default_sort="tokens",
    columns=(
        Column("name", _l("Package"), lambda package: package.name),
        Column("tokens", _l("Tokens"), lambda package: package.tokens, is_number=True),
        Column("bonus", _l("Bonus"), lambda package: package.bonus_tokens, is_number=True),
        Column("price", _l("Price"), lambda package: package.price.amount, is_number=True),
        Column("currency", _l("Currency"), lambda package: package.currency),
        Column("expires", _l("Expires after"), lambda package: package.expires_after_months),
        Column(
            "state", _l("Status"), lambda package: "archived" if package.archived_at else "on_sale"
        ),
    ),
    filters=(
        Filter("state", _l("Status"), {"on_sale": _l("On sale"), "archived": _l("Archived")}),
    ),
)


@bp.get("/packages")
def packages() -> ResponseReturnValue:
    return lists.show(
        VIEW,
        at_stripe=lambda rows: catalog_pages.at_stripe(rows, catalog_comparison.compare_packages),
    )


@bp.get("/packages.csv")
def export_packages() -> Response:
    return lists.export(VIEW)


@bp.get("/packages/<record:record_id>")
def package(record_id: int) -> str:
    record = package_records.get_record(record_id)
    return render_template(
        "admin/packages/show.html",
        record=record,
        sync=catalog_pages.one_at_stripe(record.package, catalog_comparison.compare_packages),
        lines=audit.list_about("package", record_id, limit=LINES_SHOWN),
    )


@bp.route("/packages/new", methods=["GET", "POST"])
@password_required
def new_package() -> ResponseReturnValue:
    return _edit(PackageForm(), None)


@bp.route("/packages/<record:record_id>/edit", methods=["GET", "POST"])
@password_required
def edit_package(record_id: int) -> ResponseReturnValue:
    found = package_records.get(record_id)
    form = PackageForm()
    return _edit(form if form.is_submitted() else PackageForm.of(found), found)


@bp.route("/packages/<record:record_id>/archive", methods=["GET", "POST"])
@password_required
def archive_package(record_id: int) -> ResponseReturnValue:
    form, record = EmptyForm(), package_records.get_record(record_id)
    if not form.validate_on_submit():
        return show("admin/packages/archive.html", form, record=record)
    catalog_edits.archive_package(record.package.slug, actor=current_actor())
    flash(_("%(package)s is off sale.", package=record.package.name), "ok")
    return _back(record_id)


@bp.post("/catalog/push")
@password_required
def push_catalog() -> ResponseReturnValue:
    try:
        catalog.push(gateway.current(), actor=current_actor())
        flash(_("Stripe has every plan and package that is on sale."), "ok")
    except GatewayError as refusal:
        flash(translate(refusal.detail), "bad")
    return redirect(next_path("admin.tiers"), HTTPStatus.SEE_OTHER)


def _edit(form: PackageForm, package: TokenPackage | None) -> ResponseReturnValue:
    if form.step.data == "edit" or not form.validate_on_submit():
        return show("admin/packages/edit.html", form, package=package)
    slug, entry = package.slug if package else form.slug.data, form.entry()
    if not form.problems and form.step.data == "check":
        price = Money(entry.price, entry.currency)
        return show("admin/packages/check.html", form, package=package, entry=entry, price=price)
    try:
        if not form.problems:
            changes = catalog_edits.save_package(
                slug, entry, actor=current_actor(), is_new=package is None
            )
            flash(*catalog_words.saved(entry.name, changes))
            return _back(package_records.get_by_slug(slug).id)
    except InvalidInput as refusal:
        form.take_refusal(refusal)
    except Conflict as refusal:
        (form.name if package else form.slug).errors = [translate(refusal.detail)]
    return show("admin/packages/edit.html", form, package=package)


def _back(record_id: int) -> ResponseReturnValue:
    return redirect(url_for("admin.package", record_id=record_id), HTTPStatus.SEE_OTHER)
