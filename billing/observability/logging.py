"""Structured logs on stderr: JSON lines in production, readable in development.

What the standard library's loggers say (SQLAlchemy, Alembic, Stripe, Werkzeug) takes the same way.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor, WrappedLogger

from billing.observability.redaction import redact

# Stripe's client writes request bodies at DEBUG, Werkzeug writes URLs with their tokens at INFO.
TALKATIVE = ("stripe", "werkzeug", "urllib3")
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(0x80, 0xA0))}
CONTROLS |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", 0x2028: "\\u2028"}


class StderrLogger:
    """Writes lines to the standard error of the moment, which tests and servers replace."""

    def msg(self, line: str) -> None:
        """Write one line."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


class StderrHandler(logging.Handler):
    """The standard library's way to the same place."""

    def emit(self, record: logging.LogRecord) -> None:
        StderrLogger().msg(self.format(record))


def configure(*, level: str, as_json: bool) -> None:
    """Set up logging for the process; a second call replaces the first.

    Args:
        level: what is less severe is dropped: `DEBUG`, `INFO`, `WARNING` or `ERROR`.
        as_json: one JSON object a line; else a line for people.
    """
    processors = [*_facts(), *_rendering(as_json=as_json)]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_names: StderrLogger(),
        cache_logger_on_first_use=False,
    )
    _configure_standard_library(level, as_json=as_json)


def _facts() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _rendering(*, as_json: bool) -> list[Processor]:
    # Redaction comes after the traceback has become text, so that it is searched too.
    shared: list[Processor] = [structlog.processors.format_exc_info, _redact]
    if as_json:
        return [*shared, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [
        *shared,
        _escape_controls,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain),
    ]


def _configure_standard_library(level: str, *, as_json: bool) -> None:
    handler = StderrHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_facts(), structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(as_json=as_json),
            ],
        )
    )
    root = logging.getLogger()
    for former in [known for known in root.handlers if isinstance(known, StderrHandler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _redact(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    return {name: redact(value, field=name) for name, value in event.items()}


def _escape_controls(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    """Keep an event on its line, so that no value can pretend to be another event."""
    return {
        name: value.translate(CONTROLS) if isinstance(value, str) and name != "exception" else value
        for name, value in event.items()
    }
