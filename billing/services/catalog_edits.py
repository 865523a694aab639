"""Catalog edits: one tier or package changed by hand, by the rules that a whole file goes by."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from billing.database import db, transaction
from billing.domain.catalog import CatalogDocument, CatalogState, PackageEntry, TierEntry
from billing.domain.catalog_changes import Change, Subject, compare
from billing.domain.catalog_rules import find_problems
from billing.errors import Conflict, InvalidInput, PackageNotFound, TierNotFound
from billing.messages import Message
from billing.models import SubscriptionTier, TierVersion, UserSubscription
from billing.services.audit import Who
from billing.services.catalog_state import read_state
from billing.services.catalog_sync import apply, wait_for_other_writers


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version that a new one leaves behind, and how many subscribers keep its terms."""

    version: TierVersion
    subscribers: int


@dataclass(frozen=True, slots=True)
class TierEdit:
    """What saving a tier would do; without a change nothing."""

    change: Change | None
    kept: tuple[KeptVersion, ...]

    @property
    def new_version(self) -> int | None:
        return self.change.new_version if self.change else None


def preview_tier(slug: str, entry: TierEntry) -> TierEdit:
    """Return what `save_tier` would do; nothing is changed.

    Raises:
        InvalidInput: the entry breaks a rule of the catalog; `errors` names the fields.
    """
    state = read_state()
    document = _with_tier(state, slug, entry)
    _require_sound(document, Subject.TIER, slug)
    changes = [
        change
        for change in compare(state, document)
        if (change.subject, change.slug) == (Subject.TIER, slug)
    ]
    return TierEdit(changes[0] if changes else None, tuple(subscribers_by_version(slug)))


def save_tier(slug: str, entry: TierEntry, *, actor: Who, seen: int | None) -> list[Change]:
    """Create a tier, or change it; other terms make a new version, and subscribers keep theirs.

    Args:
        slug: of the tier; an archived one is on sale again.
        entry: all that it is to be.
        actor: who does it, for the audit log.
        seen: the newest version that the person saw; None to create one.

    Raises:
        InvalidInput: the entry breaks a rule of the catalog; `errors` names the fields.
        Conflict: somebody else made a version meanwhile.
    """

    def _put(state: CatalogState) -> CatalogDocument:
        if state.tier_versions.get(slug) != seen:
            raise _changed_meanwhile(slug, is_new=seen is None)
        return _with_tier(state, slug, entry)

    return _edit(_put, (Subject.TIER, slug), actor=actor)


def archive_tier(slug: str, *, actor: Who) -> list[Change]:
    """Take a tier off sale; who is on it stays on it.

    Args:
        slug: of a tier on sale.
        actor: who does it, for the audit log.

    Raises:
        TierNotFound: there is no such tier on sale.
        Conflict: it is the one that new accounts start on.
    """

    def _drop(state: CatalogState) -> CatalogDocument:
        tiers = dict(state.on_sale.tiers)
        entry = tiers.pop(slug, None)
        if entry is None:
            raise TierNotFound("There is no plan on sale under this name.", tier=slug)
        if entry.default:
            raise Conflict(Message("New accounts start on %(tier)s: it stays.", tier=entry.name))
        return replace(state.on_sale, tiers=tiers)

    return _edit(_drop, (Subject.TIER, slug), actor=actor)


def save_package(slug: str, entry: PackageEntry, *, actor: Who, is_new: bool) -> list[Change]:
    """Create a token package, or change it; what was ordered before keeps its price and tokens.

    Args:
        slug: of the package; an archived one is on sale again.
        entry: all that it is to be.
        actor: who does it, for the audit log.
        is_new: whether there must be none of this name yet.

    Raises:
        InvalidInput: the entry breaks a rule of the catalog; `errors` names the fields.
        Conflict: there is one of this name, or there is none to change.
    """

    def _put(state: CatalogState) -> CatalogDocument:
        if (slug not in state.document.packages) != is_new:
            raise _changed_meanwhile(slug, is_new=is_new)
        return replace(state.on_sale, packages={**state.on_sale.packages, slug: entry})

    return _edit(_put, (Subject.PACKAGE, slug), actor=actor)


def archive_package(slug: str, *, actor: Who) -> list[Change]:
    """Take a token package off sale; who bought it keeps the tokens.

    Args:
        slug: of a package on sale.
        actor: who does it, for the audit log.

    Raises:
        PackageNotFound: there is no such package on sale.
    """

    def _drop(state: CatalogState) -> CatalogDocument:
        packages = dict(state.on_sale.packages)
        if packages.pop(slug, None) is None:
            raise PackageNotFound("There is no token package on sale under this name.")
        return replace(state.on_sale, packages=packages)

    return _edit(_drop, (Subject.PACKAGE, slug), actor=actor)


def subscribers_by_version(slug: str) -> list[KeptVersion]:
    """Return each version of the tier that somebody is on, newest first, and how many they are.

    Args:
        slug: of any tier.
    """
    counted = (
        select(TierVersion, func.count(UserSubscription.id))
        .join(SubscriptionTier, SubscriptionTier.id == TierVersion.tier_id)
        .join(UserSubscription, UserSubscription.tier_version_id == TierVersion.id)
        .where(SubscriptionTier.slug == slug)
        .group_by(TierVersion.id)
        .order_by(TierVersion.version.desc())
    )
    return [KeptVersion(version, number) for version, number in db.session.execute(counted)]


def _edit(
    change: Callable[[CatalogState], CatalogDocument],
    subject: tuple[Subject, str],
    *,
    actor: Who,
) -> list[Change]:
    with transaction() as session:
        wait_for_other_writers(session)
        document = change(read_state())
        _require_sound(document, *subject)
        return apply(document, actor=actor)


def _with_tier(state: CatalogState, slug: str, entry: TierEntry) -> CatalogDocument:
    on_sale = state.on_sale
    # There is one default: whoever becomes it takes it over. Last, so that a clash is named here.
    others = {
        name: replace(each, default=each.default and not entry.default)
        for name, each in on_sale.tiers.items()
        if name != slug
    }
    return replace(on_sale, tiers={**others, slug: entry})


def _require_sound(document: CatalogDocument, subject: Subject, slug: str) -> None:
    path = (f"{subject}s", slug)
    errors = {
        problem.path[-1]: problem.sentence or problem.message
        for problem in find_problems(document, feature_keys=document.features)
        if problem.path[:2] == path
    }
    if not any(tier.default for tier in document.tiers.values()):
        errors["default"] = Message("New accounts need a plan to start on")
    if errors:
        raise InvalidInput(Message("The catalog was not changed."), errors=dict(errors))


def _changed_meanwhile(slug: str, *, is_new: bool) -> Conflict:
    if is_new:
        return Conflict(Message("%(slug)s is taken already.", slug=slug))
    return Conflict(Message("%(slug)s was changed meanwhile. Look at it again.", slug=slug))
