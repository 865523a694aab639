"""What came of changing the catalog, in the words of the flash after it."""

from collections.abc import Sequence

from billing.domain.catalog_changes import Change
from billing.services.admin.tiers import Migration
from billing.web.language import _, ngettext


def saved(name: str, changes: Sequence[Change]) -> tuple[str, str]:
    """Return what saving an entry did, and the tone to say it in."""
    if not changes:
        return _("%(name)s is as it was: nothing was changed.", name=name), "info"
    version = next((change.new_version for change in changes if change.new_version), None)
    if version is None:
        return _("%(name)s is saved.", name=name), "ok"
    message = _(
        "Version %(num)s of %(name)s is saved. Push it to Stripe to sell it.",
        num=version,
        name=name,
    )
    return message, "ok"


def migrated(done: Migration) -> tuple[str, str]:
    """Return what moving subscribers did, and the tone to say it in."""
    message = ngettext(
        "%(num)s subscriber was moved.", "%(num)s subscribers were moved.", done.moved
    )
    if done.kept:
        kept = ngettext(
            "%(num)s has a change of plan waiting and was left.",
            "%(num)s have a change of plan waiting and were left.",
            done.kept,
        )
        message = f"{message} {kept}"
    if done.left:
        left = ngettext(
            "%(num)s is left: move them again.", "%(num)s are left: move them again.", done.left
        )
        message = f"{message} {left}"
    return message, "warn" if done.kept or done.left else "ok"
