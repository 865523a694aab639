"""How Stripe's statuses and the ledger's kinds read on the filters of the desk."""

from billing.domain.ledger import LotSource, TransactionKind
from billing.domain.statuses import SubscriptionStatus
from billing.web.language import lazy_gettext as _l

SUBSCRIPTION_STATUSES: dict[str, str] = {
    SubscriptionStatus.ACTIVE: _l("Active"),
    SubscriptionStatus.TRIALING: _l("Trial"),
    SubscriptionStatus.PAST_DUE: _l("Past due"),
    SubscriptionStatus.UNPAID: _l("Unpaid"),
    SubscriptionStatus.PAUSED: _l("Paused"),
    SubscriptionStatus.INCOMPLETE: _l("Incomplete"),
    SubscriptionStatus.INCOMPLETE_EXPIRED: _l("Never paid"),
    SubscriptionStatus.CANCELED: _l("Ended"),
}
TRANSACTION_KINDS: dict[str, str] = {
    TransactionKind.GRANT: _l("Added"),
    TransactionKind.EXPIRE: _l("Expired"),
    TransactionKind.CLAWBACK: _l("Taken back"),
    TransactionKind.REPAY: _l("Repaid"),
    TransactionKind.RESTORE: _l("Restored"),
    TransactionKind.FREEZE: _l("Frozen"),
    TransactionKind.THAW: _l("Unfrozen"),
    TransactionKind.WITHDRAW: _l("Taken out"),
}
LOT_SOURCES: dict[str, str] = {
    LotSource.ORDER: _l("Order"),
    LotSource.BONUS: _l("Bonus"),
    LotSource.GRANT: _l("Grant"),
}
