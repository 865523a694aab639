"""Token packages at the desk: the list, and the record of one with what it sold."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from billing.database import db
from billing.domain.statuses import OrderState
from billing.errors import PackageNotFound
from billing.messages import Message
from billing.models import Order, TokenPackage
from billing.services.admin.listing import Condition, Listing


@dataclass(frozen=True, slots=True)
class PackageRecord:
    """A package, and how often it was bought."""

    package: TokenPackage
    sold: int


def listing() -> Listing[TokenPackage]:
    """Describe the list of all token packages, archived ones too."""
    is_archived = TokenPackage.archived_at.is_not(None)
    return Listing(
        rows=select(TokenPackage),
        key=(TokenPackage.id,),
        moment=TokenPackage.created_at,
        search=_matches,
        sorts={
            "tokens": TokenPackage.tokens,
            "name": TokenPackage.name,
            "price": TokenPackage.price_minor,
        },
        choices={"state": {"on_sale": ~is_archived, "archived": is_archived}},
    )


def get(package_id: int) -> TokenPackage:
    """Return the package.

    Raises:
        PackageNotFound: there is no such package.
    """
    package = db.session.get(TokenPackage, package_id)
    if package is None:
        raise PackageNotFound(Message("There is no such token package."))
    return package


def get_record(package_id: int) -> PackageRecord:
    """Return the package with how often it was bought.

    Raises:
        PackageNotFound: there is no such package.
    """
    paid = select(func.count()).where(
        Order.token_package_id == package_id, Order.state == OrderState.PAID
    )
    return PackageRecord(get(package_id), db.session.scalar(paid) or 0)


def get_by_slug(slug: str) -> TokenPackage:
    """Return the package, on sale or archived.

    Raises:
        PackageNotFound: there is no such package.
    """
    package_id = db.session.scalar(select(TokenPackage.id).where(TokenPackage.slug == slug))
    return get(package_id or 0)


def _matches(text: str) -> Condition:
    return or_(TokenPackage.name.icontains(text, autoescape=True), TokenPackage.slug == text)
