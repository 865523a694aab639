"""Plans: the list, the record of one, and what changes it."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from billing.blueprints.admin.blueprint import bp
from billing.domain.interval import Interval
from billing.errors import Conflict, GatewayError, InvalidInput
from billing.models import SubscriptionTier
from billing.services import audit, catalog_comparison, catalog_edits
from billing.services.admin import tiers as tier_records
from billing.services.tier_migrations import When
from billing.web import gateway
from billing.web.admin import catalog_pages, catalog_words, lists
from billing.web.admin.answers import show
from billing.web.admin.catalog_forms import MigrationForm, TierForm
from billing.web.admin.guard import current_actor, password_required
from billing.web.admin.list_view import Column, Filter, ListView
from billing.web.forms import EmptyForm
from billing.web.language import _, translate
from billing.web.language import lazy_gettext as _l

LINES_SHOWN = 20
VIEW: ListView[SubscriptionTier] = ListView(
    endpoint="admin.tiers",
    export_endpoint="admin.export_tiers",
    template="admin/tiers/index.html",
    noun="plans",
    search_label=_l("Name"),
    listing=tier_records.listing,
    default_sort="rank",
    columns=(
        Column("name", _l("Plan"), lambda tier: tier.name),
        Column("rank", _l("Rank"), lambda tier: tier.rank, is_number=True),
        Column(
            "price_month",
            _l("A month"),
            lambda tier: tier.current_version.price(Interval.MONTH).amount,
            is_number=True,
        ),
        Column(
            "price_year",
            _l("A year"),
            lambda tier: tier.current_version.price(Interval.YEAR).amount,
            is_number=True,
        ),
        Column("currency", _l("Currency"), lambda tier: tier.current_version.currency),
        Column(
            "requests",
            _l("AI requests"),
            lambda tier: tier.current_version.ai_requests_per_month,
            is_number=True,
        ),
        Column("version", _l("Version"), lambda tier: tier.current_version.version, is_number=True),
        Column(
            "subscribers",
            _l("Subscribers"),
            lambda tier: sum(
                each.subscribers for each in catalog_edits.subscribers_by_version(tier.slug)
            ),
            is_number=True,
        ),
        Column("state", _l("Status"), lambda tier: "archived" if tier.archived_at else "on_sale"),
    ),
    filters=(
        Filter("state", _l("Status"), {"on_sale": _l("On sale"), "archived": _l("Archived")}),
    ),
)


@bp.get("/plans")
def tiers() -> ResponseReturnValue:
    return lists.show(
        VIEW,
        subscribers=tier_records.count_subscribers(),
        at_stripe=lambda rows: catalog_pages.at_stripe(rows, catalog_comparison.compare_tiers),
    )


@bp.get("/plans.csv")
def export_tiers() -> Response:
    return lists.export(VIEW)


@bp.get("/plans/<record:record_id>")
def tier(record_id: int) -> str:
    found = tier_records.get(record_id)
    return render_template(
        "admin/tiers/show.html",
        tier=found,
        kept=catalog_edits.subscribers_by_version(found.slug),
        sync=catalog_pages.one_at_stripe(found, catalog_comparison.compare_tiers),
        offer=catalog_pages.card_of(found),
        lines=audit.list_about("tier", record_id, limit=LINES_SHOWN),
    )


@bp.route("/plans/new", methods=["GET", "POST"])
@password_required
def new_tier() -> ResponseReturnValue:
    return _edit(TierForm(), None)


@bp.route("/plans/<record:record_id>/edit", methods=["GET", "POST"])
@password_required
def edit_tier(record_id: int) -> ResponseReturnValue:
    found = tier_records.get(record_id)
    form = TierForm()
    return _edit(form if form.is_submitted() else TierForm.of(found), found)


@bp.route("/plans/<record:record_id>/archive", methods=["GET", "POST"])
@password_required
def archive_tier(record_id: int) -> ResponseReturnValue:
    form, found = EmptyForm(), tier_records.get(record_id)
    if not form.validate_on_submit():
        kept = catalog_edits.subscribers_by_version(found.slug)
        return show("admin/tiers/archive.html", form, tier=found, kept=kept)
    try:
        catalog_edits.archive_tier(found.slug, actor=current_actor())
        flash(_("%(tier)s is off sale.", tier=found.name), "ok")
    except Conflict as refusal:
        flash(translate(refusal.detail), "bad")
    return _back(record_id)


@bp.route("/plans/<record:record_id>/migrate", methods=["GET", "POST"])
@password_required
def migrate_tier(record_id: int) -> ResponseReturnValue:
    form, found = MigrationForm(), tier_records.get(record_id)
    if not form.validate_on_submit():
        kept = catalog_edits.subscribers_by_version(found.slug)
        return show("admin/tiers/migrate.html", form, tier=found, kept=kept)
    try:
        done = tier_records.migrate(
            found.slug,
            to_version=form.version.data,
            when=When(form.when.data),
            gateway=gateway.current(),
            actor=current_actor(),
        )
        flash(*catalog_words.migrated(done))
    except (Conflict, GatewayError) as refusal:
        flash(translate(refusal.detail), "bad")
    return _back(record_id)


def _edit(form: TierForm, tier: SubscriptionTier | None) -> ResponseReturnValue:
    features = tier_records.list_features()
    if form.step.data == "edit" or not form.validate_on_submit():
        return show("admin/tiers/edit.html", form, tier=tier, features=features)
    slug, entry = tier.slug if tier else form.slug.data, form.entry()
    try:
        edit = None if form.problems else catalog_edits.preview_tier(slug, entry)
        if edit is not None and form.step.data == "save":
            changes = catalog_edits.save_tier(
                slug, entry, actor=current_actor(), seen=form.seen.data
            )
            flash(*catalog_words.saved(entry.name, changes))
            return _back(tier_records.get_by_slug(slug).id)
    except InvalidInput as refusal:
        form.take_refusal(refusal)
    except Conflict as refusal:
        (form.name if tier else form.slug).errors = [translate(refusal.detail)]
    if form.problems or edit is None:
        return show("admin/tiers/edit.html", form, tier=tier, features=features)
    card = catalog_pages.preview_card(slug, entry, features)
    return show("admin/tiers/check.html", form, tier=tier, edit=edit, offer=card, entry=entry)


def _back(record_id: int) -> ResponseReturnValue:
    return redirect(url_for("admin.tier", record_id=record_id), HTTPStatus.SEE_OTHER)
