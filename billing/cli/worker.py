"""`flask billing worker`: what happens without a request."""

import signal
from collections.abc import Callable
from datetime import timedelta
from threading import Event

import click
import structlog
from flask.cli import with_appcontext

from billing import clock
from billing.database import db
from billing.services import (
    alerts,
    card_emails,
    complimentary_plans,
    expiry,
    inbox,
    inbox_upkeep,
    subscriptions,
    verification,
)
from billing.web import gateway, host_endpoint, mailer

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 5.0
UPKEEP_INTERVAL = timedelta(days=1)


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due and end: for cron.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 3600),
    default=INTERVAL_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long to rest between two rounds.",
)
@with_appcontext
def worker(*, once: bool, interval: float) -> None:
    """Retry events, deliver e-mails, expire what is due, tidy up daily, until SIGTERM."""
    stop, upkeep = Event(), _Upkeep()
    if once:
        if not _round(stop, upkeep):
            raise click.ClickException("Something failed; the log says what.")
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("worker.started", interval_seconds=interval)
    while not stop.is_set():
        _round(stop, upkeep)
        stop.wait(interval)
    log.info("worker.drained")


class _Upkeep:
    """What is enough once a day: done at the start, and again finds nothing left to do."""

    JOBS = (card_emails.announce_expiring, inbox_upkeep.purge_old)

    def __init__(self) -> None:
        self._due_at = clock.now()

    def jobs_due(self) -> tuple[Callable[[], int], ...]:
        if clock.now() < self._due_at:
            return ()
        self._due_at = clock.now() + UPKEEP_INTERVAL
        return self.JOBS


def _round(stop: Event, upkeep: _Upkeep) -> bool:
    """Do each kind of work; return whether all of it could be done."""

    def retry_events() -> int:
        return inbox.retry_due(gateway=gateway.current(), is_stopped=stop.is_set)

    jobs = (
        retry_events,
        mailer.deliver_pending,
        expiry.expire_due,
        subscriptions.end_overdue_graces,
        complimentary_plans.end_overdue,
        alerts.tell_pending,
        host_endpoint.deliver_pending,
        *upkeep.jobs_due(),
        verification.verify_daily,
    )
    done = [_do(job, stop) for job in jobs]
    return all(done)


def _do(job: Callable[[], int], stop: Event) -> bool:
    if stop.is_set():
        return True
    try:
        count = job()
    except Exception:
        # A database that is away for a minute must not end the worker.
        log.exception("worker.failed", job=job.__name__)
        return False
    finally:
        db.session.rollback()  # gives the connection back between rounds
    if count:
        log.info("worker.did", job=job.__name__, count=count)
    return True
