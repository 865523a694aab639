"""The style guide: every component in every state, on one page; in development only."""

from datetime import timedelta

from flask import Blueprint, render_template

from billing import clock
from billing.domain.history import HistoryLine
from billing.domain.money import Money
from billing.messages import Wording
from billing.web.offers import PackageOffer, Scenario, TierOffer
from billing.web.receipts import Receipt, ReceiptLine

bp = Blueprint("styleguide", __name__)


@bp.get("/styleguide")
def index() -> str:
    return render_template(
        "styleguide/index.html",
        tiers=[_tier(scenario) for scenario in Scenario],
        packages=[_package(bonus_tokens=0), _package(bonus_tokens=200)],
        receipt=_receipt(),
        lines=_history(),
    )


def _tier(scenario: Scenario) -> TierOffer:
    return TierOffer(
        slug=scenario.value,
        name=scenario.value.capitalize(),
        description="For professionals who build on AI.",
        monthly=Money(4900, "USD"),
        yearly=Money(49000, "USD"),
        requests=5_000,
        trial_days=14,
        includes="Starter",
        features=("AI mentor", "AI images"),
        scenario=scenario,
        is_highlighted=scenario is Scenario.CHOOSE,
        starts_at=clock.now(),
    )


def _package(*, bonus_tokens: int) -> PackageOffer:
    return PackageOffer(
        slug=f"bonus-{bonus_tokens}",
        tokens=2_000,
        bonus_tokens=bonus_tokens,
        price=Money(6000, "USD"),
        expires_after_months=12 if bonus_tokens else None,
        is_for_sale=True,
    )


def _receipt() -> Receipt:
    lines = (
        ReceiptLine("Pro, monthly", Money(4900, "USD")),
        ReceiptLine("Unused time on Starter", Money(-633, "USD")),
    )
    return Receipt(lines, Money(4267, "USD"))


def _history() -> list[HistoryLine]:
    now = clock.now()
    return [
        HistoryLine(
            id="air_2",
            entry=2,
            kind="ai_request",
            delta=-60,
            balance_after=2_140,
            created_at=now,
            feature_name=Wording("AI images", {"de": "KI-Bilder"}),
            quantity=5,
            from_quota=2,
        ),
        HistoryLine(
            id="txn_1",
            entry=1,
            kind="grant",
            delta=2_200,
            balance_after=2_200,
            created_at=now - timedelta(days=1),
            reason="2,000 tokens",
        ),
    ]
