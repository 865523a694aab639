"""`flask billing worker`: what happens without a request."""

import signal
from collections.abc import Callable
from threading import Event

import click
import structlog
from flask.cli import with_appcontext

from billing.database import db
from billing.services import alerts, expiry, inbox, subscriptions
from billing.web import gateway, host_endpoint, mailer

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 5.0


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
    """Retry events, deliver e-mails, expire tokens and holds, until SIGTERM."""
    stop = Event()
    if once:
        if not _round(stop):
            raise click.ClickException("Something failed; the log says what.")
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("worker.started", interval_seconds=interval)
    while not stop.is_set():
        _round(stop)
        stop.wait(interval)
    log.info("worker.drained")


def _round(stop: Event) -> bool:
    """Do each kind of work; return whether all of it could be done."""

    def retry_events() -> int:
        return inbox.retry_due(gateway=gateway.current(), is_stopped=stop.is_set)

    jobs = (
        retry_events,
        mailer.deliver_pending,
        expiry.expire_due,
        subscriptions.end_overdue_graces,
        alerts.tell_pending,
        host_endpoint.deliver_pending,
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
