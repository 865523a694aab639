"""Token transactions at the desk: the ledger lines of everybody, but for the AI requests."""

from sqlalchemy import or_, select
from sqlalchemy.orm import contains_eager

from billing.domain.ledger import LotSource, TransactionKind
from billing.models import TokenTransaction, User
from billing.services.admin.listing import Condition, Listing
from billing.services.users import id_of


def listing() -> Listing[TokenTransaction]:
    """Describe the list of all ledger lines that are no AI requests."""
    return Listing(
        rows=select(TokenTransaction).join(User, User.id == TokenTransaction.user_id),
        key=(TokenTransaction.created_at, TokenTransaction.user_id, TokenTransaction.entry),
        moment=TokenTransaction.created_at,
        options=(contains_eager(TokenTransaction.user),),
        search=_matches,
        sorts={"created": TokenTransaction.created_at, "tokens": TokenTransaction.delta},
        choices={
            "kind": {each: TokenTransaction.kind == each for each in TransactionKind},
            "source": {each: TokenTransaction.source == each for each in LotSource},
        },
        matches={"user": lambda text: TokenTransaction.user_id == id_of(text)},
    )


def _matches(text: str) -> Condition:
    return or_(
        User.email.icontains(text, autoescape=True),
        TokenTransaction.reason.icontains(text, autoescape=True),
        TokenTransaction.idempotency_key == text,
    )
