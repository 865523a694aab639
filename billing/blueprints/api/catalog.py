"""What is on sale."""

from billing.blueprints.api.documents import PackageDocument, TierDocument
from billing.services import catalog
from billing.web.api.declaration import Section, Who
from billing.web.api.documents import Listing

section = Section("Catalog")


@section.get("/tiers", who=Who.ANYBODY)
def list_tiers() -> Listing[TierDocument]:
    """List the tiers on sale, cheapest first. No key is needed."""
    return Listing(data=[TierDocument.of(tier) for tier in catalog.list_tiers()], next_cursor=None)


@section.get("/packages", who=Who.ANYBODY)
def list_packages() -> Listing[PackageDocument]:
    """List the token packages on sale, smallest first. No key is needed."""
    packages = [PackageDocument.of(package) for package in catalog.list_packages()]
    return Listing(data=packages, next_cursor=None)
