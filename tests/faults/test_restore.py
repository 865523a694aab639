"""T15: a backup is taken under load and restored; then Stripe's news since is taken over."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import make_url

from billing import create_app
from billing.database import db
from billing.models import AiRequest, Invoice, Order, Refund, TokenLot, User
from billing.services import reconciliation, verification
from billing.settings import Settings
from billing.web import gateway
from tests.faults.deployment import Deployment
from tests.faults.report import Report
from tests.postgres_server import package_binaries
from tests.shop import Shop
from tests.worker_database import execute, plain

RESTORED = "restored"


def back_up(url: str, directory: Path) -> Path:
    """Take a backup of the running database, as the operator's guide says."""
    backup = directory / "backup"
    if url.startswith("sqlite"):
        source, target = sqlite3.connect(make_url(url).database or ""), sqlite3.connect(backup)
        with closing(source), closing(target):
            source.backup(target)
        return backup
    dump = package_binaries() / "pg_dump"
    subprocess.run([dump, "--format=custom", f"--file={backup}", plain(url)], check=True)
    return backup


@contextmanager
def restored(url: str, backup: Path) -> Iterator[str]:
    """Lend the URL of a database made from the backup."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{backup}"
        return
    server = make_url(url).set(database="postgres").render_as_string(hide_password=False)
    copy = make_url(url).set(database=RESTORED).render_as_string(hide_password=False)
    execute(server, f"CREATE DATABASE {RESTORED}")
    restore = package_binaries() / "pg_restore"
    subprocess.run([restore, "--exit-on-error", f"--dbname={plain(copy)}", backup], check=True)
    yield copy
    execute(server, f"DROP DATABASE {RESTORED} WITH (FORCE)")


def known_to_stripe(email: str) -> dict[str, Any]:
    """Return what of a user can be told from Stripe alone."""
    db.session.rollback()
    db.session.expire_all()
    user = db.session.scalars(select(User).where(User.email == email)).one()
    plan = user.subscription
    orders = select(Order.item, Order.state).where(Order.user_id == user.id)
    refunds = select(Refund.amount_minor, Refund.status).where(Refund.user_id == user.id)
    lots = select(TokenLot.tokens, TokenLot.source).where(TokenLot.user_id == user.id)
    invoices = select(Invoice.total_minor, Invoice.status).where(Invoice.user_id == user.id)
    return {
        "plan": (plan.tier.slug, plan.status, plan.cancel_at_period_end),
        "orders": sorted(map(tuple, db.session.execute(orders))),
        "lots": sorted(map(tuple, db.session.execute(lots))),
        "refunds": sorted(map(tuple, db.session.execute(refunds))),
        "invoices": sorted(map(tuple, db.session.execute(invoices))),
    }


def hear(shop: Shop) -> None:
    for event in shop.events():
        assert shop.deliver(event) == 200


@dataclass(frozen=True)
class Customers:
    """One is on Pro and stays, one is on Pro and will cancel, one is at Stripe's payment pages."""

    shop: Shop
    stays: User
    cancels: User
    buys: User
    open_pages: list[str]

    @classmethod
    def before(cls, shop: Shop) -> Customers:
        """What has happened before the backup."""
        stays, cancels, buys = (shop.user(name) for name in ("stays", "cancels", "buys"))
        for user in (stays, cancels):
            shop.pay(shop.choose_tier(user, "pro"))
        hear(shop)
        pages = [shop.choose_package(buys, "tokens-500"), shop.choose_tier(buys, "starter")]
        return cls(shop, stays, cancels, buys, pages)

    @property
    def emails(self) -> list[str]:
        return [self.stays.email, self.cancels.email, self.buys.email]

    def go_on(self) -> None:
        """What happens at Stripe after it; only the database that is lost hears of it."""
        stripe = self.shop.dashboard.v1
        cancelled = self.cancels.subscription.stripe_subscription_id or ""
        stripe.subscriptions.update(cancelled, {"cancel_at_period_end": True})
        for page in self.open_pages:
            self.shop.pay(page)
        charges = stripe.charges.list({"customer": self.stays.stripe_customer_id or ""}).data
        stripe.refunds.create({"charge": charges[0].id, "amount": 1000})
        hear(self.shop)


@dataclass
class Drill:
    """The restored database: what it has, and what reconciliation makes of it."""

    settings: Settings
    kept: set[str | None] = field(default_factory=set)
    repaired: list[str] = field(default_factory=list)
    repaired_again: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Verify, reconcile twice, verify."""
        with create_app(self.settings).app_context():
            self.kept = set(db.session.scalars(select(AiRequest.idempotency_key)))
            self._verify()
            self.repaired, self.repaired_again = self._reconcile(), self._reconcile()
            self._verify()
            db.session.remove()

    def known(self, emails: list[str]) -> list[dict[str, Any]]:
        """Return what it knows of these people."""
        with create_app(self.settings).app_context():
            found = [known_to_stripe(email) for email in emails]
            db.session.remove()
            db.engine.dispose()
        return found

    def _reconcile(self) -> list[str]:
        return [str(each) for each in reconciliation.reconcile(gateway=gateway.current())]

    def _verify(self) -> None:
        db.session.rollback()
        self.breaches += [str(each) for each in verification.breaches()]


def test_a_backup_is_restored_and_reconciled(
    shop: Shop,
    deployment: Deployment,
    database_kind: str,
    report: Report,
    tmp_path: Path,
) -> None:
    url = deployment.web.settings.database_url
    customers = Customers.before(shop)
    emails = customers.emails
    with deployment.load() as load:
        load.wait_for(50)
        acknowledged = set(load.receipts)
        began = time.monotonic()
        backup = back_up(url, tmp_path)
        took = time.monotonic() - began
        load.wait_for(50)
    deployment.web.kill()
    customers.go_on()
    wanted = [known_to_stripe(email) for email in emails]

    began = time.monotonic()
    with restored(url, backup) as copy:
        restoring = time.monotonic() - began
        drill = Drill(deployment.web.settings.model_copy(update={"database_url": copy}))
        drill.run()
        found = drill.known(emails)

    print(*drill.repaired, *drill.breaches, sep="\n")  # noqa: T201 - shown with a failure
    assert (wanted, []) == (found, drill.repaired_again)
    figures = {
        "backup under load": f"{took:.1f} s",
        "restore": f"{restoring:.1f} s",
        "charges in it": len(drill.kept),
        "repaired": len(drill.repaired),
        "second run": len(drill.repaired_again),
    }
    lost = len(acknowledged - drill.kept) + len(drill.breaches)
    report.add(f"backup, restore, reconcile, {database_kind}", figures, lost=lost)
