"""How two catalogs differ: the lines of a diff, and the rows of the audit log."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from billing.domain.catalog import CatalogDocument, CatalogState, Entry, TierEntry

Plain = str | int | bool | list[str] | dict[str, str] | None
"""What an entry's field can be in the audit log."""

TERMS = frozenset(
    {"currency", "price_month", "price_year", "ai_requests_per_month", "trial_days", "features"}
)
"""The fields that subscribers agreed to: a change makes a new version of the tier."""


class Subject(StrEnum):
    """What a change is about; also the audit log's subject type."""

    FEATURE = "feature"
    TIER = "tier"
    PACKAGE = "package"


class Verb(StrEnum):
    """What happens to an entry."""

    ADDED = "added"
    CHANGED = "changed"
    ARCHIVED = "archived"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference; `before` and `after` hold the fields that differ, by name."""

    verb: Verb
    subject: Subject
    slug: str
    before: Mapping[str, Plain] = field(default_factory=dict)
    after: Mapping[str, Plain] = field(default_factory=dict)
    new_version: int | None = None

    @property
    def was(self) -> Mapping[str, Plain]:
        """What the audit log has for before: the fields that differ, and whether it was sold."""
        return {**_sale(self.verb, Verb.RETURNED), **self.before}

    @property
    def became(self) -> Mapping[str, Plain]:
        """What the audit log has for after."""
        return {**_sale(self.verb, Verb.ARCHIVED), **self.after}

    def __str__(self) -> str:
        details = ", ".join(self._details())
        version = f" (version {self.new_version})" if self.new_version else ""
        return f"{self.verb} {self.subject} {self.slug}{version}{': ' if details else ''}{details}"

    def _details(self) -> Iterator[str]:
        for name, value in self.after.items():
            if self.before:
                yield f"{name} {_shown(name, self.before[name])} -> {_shown(name, value)}"
            else:
                yield f"{name} {_shown(name, value)}"


def compare(state: CatalogState, wanted: CatalogDocument) -> list[Change]:
    """Return what has to happen to `state` for it to sell what `wanted` says.

    A feature that `wanted` leaves out stays: versions that subscribers keep may include it.
    """
    return [
        *_compare_features(state, wanted),
        *_compare_tiers(state, wanted),
        *_archivings(Subject.TIER, state.on_sale.tiers, wanted.tiers),
        *_compare_packages(state, wanted),
        *_archivings(Subject.PACKAGE, state.on_sale.packages, wanted.packages),
    ]


def order_features(state: CatalogState, wanted: CatalogDocument) -> list[str]:
    """Return every feature's key as pages order them: the wanted ones, then those that stay."""
    kept = [key for key in state.document.features if key not in wanted.features]
    return [*wanted.features, *kept]


def _compare_features(state: CatalogState, wanted: CatalogDocument) -> Iterator[Change]:
    known = state.document.features
    known_order = list(known)
    order = [key for key in order_features(state, wanted) if key in known]
    for key, entry in wanted.features.items():
        if key not in known:
            yield Change(verb=Verb.ADDED, subject=Subject.FEATURE, slug=key, after=_plain(entry))
            continue
        before = {"position": known_order.index(key), **_plain(known[key])}
        after = {"position": order.index(key), **_plain(entry)}
        yield from _changes(Subject.FEATURE, key, before, after)


def _compare_tiers(state: CatalogState, wanted: CatalogDocument) -> Iterator[Change]:
    for slug, entry in wanted.tiers.items():
        known = state.document.tiers.get(slug)
        if known is None:
            yield Change(
                verb=Verb.ADDED, subject=Subject.TIER, slug=slug, after=_plain(entry), new_version=1
            )
            continue
        yield from _changes(
            Subject.TIER,
            slug,
            _plain(known),
            _plain(entry),
            is_archived=slug in state.archived_tiers,
            next_version=state.tier_versions[slug] + 1,
        )


def _compare_packages(state: CatalogState, wanted: CatalogDocument) -> Iterator[Change]:
    for slug, entry in wanted.packages.items():
        known = state.document.packages.get(slug)
        if known is None:
            yield Change(verb=Verb.ADDED, subject=Subject.PACKAGE, slug=slug, after=_plain(entry))
            continue
        is_archived = slug in state.archived_packages
        yield from _changes(
            Subject.PACKAGE, slug, _plain(known), _plain(entry), is_archived=is_archived
        )


def _changes(
    subject: Subject,
    slug: str,
    before: Mapping[str, Plain],
    after: Mapping[str, Plain],
    *,
    is_archived: bool = False,
    next_version: int = 0,
) -> Iterator[Change]:
    changed = [name for name, value in after.items() if value != before[name]]
    if changed or is_archived:
        yield Change(
            verb=Verb.RETURNED if is_archived else Verb.CHANGED,
            subject=subject,
            slug=slug,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
            new_version=next_version if not TERMS.isdisjoint(changed) else None,
        )


def _archivings(
    subject: Subject, on_sale: Mapping[str, Entry], wanted: Mapping[str, Entry]
) -> Iterator[Change]:
    for slug in on_sale:
        if slug not in wanted:
            yield Change(verb=Verb.ARCHIVED, subject=subject, slug=slug)


def _sale(verb: Verb, archived: Verb) -> dict[str, Plain]:
    moved = verb in {Verb.ARCHIVED, Verb.RETURNED}
    return {"archived": verb == archived} if moved else {}


def _plain(entry: Entry) -> dict[str, Plain]:
    fields = asdict(entry)
    if isinstance(entry, TierEntry):
        # The order in which a file lists a tier's features means nothing.
        fields["features"] = sorted(entry.features)
    return fields


def _shown(name: str, value: Plain) -> str:
    if value is None:
        return "unlimited" if name == "ai_requests_per_month" else "never"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{locale}: {text}' for locale, text in value.items())}}}"
    return f"[{' '.join(value)}]" if isinstance(value, list) else str(value)
