"""The log of the monthly recurring revenue, filled from what the audit log knows."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import triggers

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcDateTime = sa.DateTime(timezone=True)
KINDS = "kind IN ('new', 'expansion', 'contraction', 'churn', 'reactivation')"
DELTA = "(delta_minor > 0) = (kind IN ('new', 'expansion', 'reactivation')) AND delta_minor <> 0"
MAX_AMOUNT = 10**15
MONTHS = {"month": 1, "year": 12}


def upgrade() -> None:
    op.create_table(
        "revenue_movements",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("delta_minor", BigInt, nullable=False),
        sa.Column("monthly_minor", BigInt, nullable=False),
        sa.Column("tier_version_id", BigInt, nullable=False),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_revenue_movements_kind")),
        sa.CheckConstraint(DELTA, name=op.f("ck_revenue_movements_delta_fits_kind")),
        sa.CheckConstraint(
            f"monthly_minor BETWEEN 0 AND {MAX_AMOUNT}", name=op.f("ck_revenue_movements_monthly")
        ),
        sa.CheckConstraint(
            "(kind = 'churn') = (monthly_minor = 0)",
            name=op.f("ck_revenue_movements_churn_leaves_nothing"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_revenue_movements_user_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["tier_version_id"],
            ["tier_versions.id"],
            name=op.f("fk_revenue_movements_tier_version_id_tier_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revenue_movements")),
    )
    op.create_index("ix_revenue_movements_user_id_id", "revenue_movements", ["user_id", "id"])
    op.create_index(
        "ix_revenue_movements_currency_occurred_at",
        "revenue_movements",
        ["currency", "occurred_at", "kind", "delta_minor"],
    )
    op.create_index(
        op.f("ix_revenue_movements_tier_version_id"), "revenue_movements", ["tier_version_id"]
    )
    _fill()
    triggers.refuse_changes("revenue_movements")


def downgrade() -> None:
    triggers.allow_changes("revenue_movements")
    op.drop_table("revenue_movements")


def _fill() -> None:
    """Walk the changes of all subscriptions, and end at what each of them is now."""
    connection = op.get_bind()
    prices = {(slug, version): row for slug, version, *row in connection.execute(_versions())}
    known: dict[int, dict[str, int]] = {}
    movements: list[dict[str, Any]] = []
    for user_id, after, at in connection.execute(_changes()).all():
        version = prices.get((after["tier"], int(after["version"])))
        if version is not None:
            version_id, currency, *amounts = version
            monthly = _monthly(after["status"], after["interval"], *amounts)
            held = known.setdefault(user_id, {})
            movements += _moved(held, (monthly, currency), (user_id, version_id, at))
    for user_id, status, interval, version_id, currency, month, year, at in connection.execute(
        _present()
    ).all():
        monthly = _monthly(status, interval, month, year)
        held = known.setdefault(user_id, {})
        movements += _moved(held, (monthly, currency), (user_id, version_id, at))
    if movements:
        op.bulk_insert(_movements(), movements)


def _monthly(status: str, interval: str | None, month: int, year: int) -> int:
    if status not in {"active", "past_due"} or interval is None:
        return 0
    months = MONTHS[interval]
    return (2 * (year if interval == "year" else month) + months) // (2 * months)


def _moved(
    held: dict[str, int], now: tuple[int, str], where: tuple[int, int, Any]
) -> list[dict[str, Any]]:
    monthly, currency = now
    user_id, version_id, at = where
    movements = []
    for each in sorted({currency, *held}):
        before, after = held.get(each, 0), monthly if each == currency else 0
        if before != after:
            movements.append(
                {
                    "user_id": user_id,
                    "kind": _kind(before, after, has_paid=each in held),
                    "currency": each,
                    "delta_minor": after - before,
                    "monthly_minor": after,
                    "tier_version_id": version_id,
                    "occurred_at": at,
                }
            )
            held[each] = after
    return movements


def _kind(before: int, after: int, *, has_paid: bool) -> str:
    if before == 0:
        return "reactivation" if has_paid else "new"
    if after == 0:
        return "churn"
    return "expansion" if after > before else "contraction"


def _versions() -> sa.Select[Any]:
    tiers = sa.table("subscription_tiers", sa.column("id"), sa.column("slug"))
    versions = _table(
        "tier_versions", "id tier_id version currency price_month_minor price_year_minor"
    )
    return sa.select(
        tiers.c.slug,
        versions.c.version,
        versions.c.id,
        versions.c.currency,
        versions.c.price_month_minor,
        versions.c.price_year_minor,
    ).join(tiers, tiers.c.id == versions.c.tier_id)


def _changes() -> sa.Select[Any]:
    audit = sa.table(
        "audit_log",
        sa.column("id"),
        sa.column("action"),
        sa.column("subject_id"),
        sa.column("after", sa.JSON()),
        sa.column("created_at", UtcDateTime),
    )
    return (
        sa.select(audit.c.subject_id, audit.c.after, audit.c.created_at)
        .where(audit.c.action == "subscription.changed")
        .order_by(audit.c.id)
    )


def _present() -> sa.Select[Any]:
    rows = sa.table(
        "user_subscriptions",
        sa.column("user_id"),
        sa.column("status"),
        sa.column("interval"),
        sa.column("tier_version_id"),
        sa.column("stripe_subscription_id"),
        sa.column("ended_at"),
        sa.column("updated_at", UtcDateTime),
    )
    versions = _table("tier_versions", "id currency price_month_minor price_year_minor")
    is_paid = rows.c.stripe_subscription_id.is_not(None) & rows.c.ended_at.is_(None)
    return sa.select(
        rows.c.user_id,
        rows.c.status,
        sa.case((is_paid, rows.c.interval)),
        rows.c.tier_version_id,
        versions.c.currency,
        versions.c.price_month_minor,
        versions.c.price_year_minor,
        rows.c.updated_at,
    ).join(versions, versions.c.id == rows.c.tier_version_id)


def _movements() -> sa.TableClause:
    names = "user_id kind currency delta_minor monthly_minor tier_version_id"
    return sa.table(
        "revenue_movements",
        *(sa.column(name) for name in names.split()),
        sa.column("occurred_at", UtcDateTime),
    )


def _table(name: str, columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns.split()))
