"""The driver's own connections, for the few statements that run on every call.

A check-out from SQLAlchemy's pool and a cursor cost a charge as much again as its statement. Who
comes this way gets a bare connection in autocommit, and on PostgreSQL speaks to libpq; all else
goes by the session.
"""

import os
import re
import select
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from sqlalchemy import Engine, event

from billing.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")
Row = Sequence[Any]

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL counts microseconds from here."""
MICROSECOND = timedelta(microseconds=1)
OIDS = {"bigint": 20, "text": 25, "timestamptz": 1184, "bigint[]": 1016, "text[]": 1009}
FAILURES = {ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE}


def _encode(value: str | int | datetime | None) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode()
    number = value if isinstance(value, int) else (value - EPOCH) // MICROSECOND
    return number.to_bytes(8, signed=True)


def array(values: Sequence[Any]) -> str:
    """Write numbers, or texts and nulls, as PostgreSQL writes an array.

    Args:
        values: at least one.
    """
    write = str if isinstance(values[0], int) else _quoted
    return "{" + ",".join(map(write, values)) + "}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Prepared:
    """A statement that each connection to PostgreSQL prepares once.

    It speaks of its parameters as `:name`; their types are given in the order of their values. What
    `array` writes is sent as text, all else in PostgreSQL's binary form.
    """

    def __init__(self, name: str, sql: str, **types: str) -> None:
        """Number the parameters as PostgreSQL wants them."""
        order = {parameter: f"${number}" for number, parameter in enumerate(types, start=1)}
        # Not `::`, which is a cast.
        self.sql = re.sub(r"(?<!:):(\w+)", lambda found: order[found[1]], sql).encode()
        self.name = name.encode()
        self.oids = [OIDS[kind] for kind in types.values()]
        self.formats = [
            Format.TEXT if kind.endswith("[]") else Format.BINARY for kind in types.values()
        ]


@dataclass(slots=True, eq=False)
class Link:
    """One open connection; on PostgreSQL also what it has prepared and what reads its answers."""

    connection: Any
    process_id: int = field(default_factory=os.getpid)
    prepared: set[bytes] = field(default_factory=set)
    reader: Any = None
    poll: Any = None

    def is_at_its_end(self) -> bool:
        """Return whether the server has closed it: asks the socket, which costs no round trip.

        Between statements a server says nothing, so what can be read is the end.
        """
        return self.poll is not None and bool(self.poll.poll(0))

    def find_rows(self, statement: Prepared, *values: str | int | datetime | None) -> list[Row]:
        """Execute the statement on PostgreSQL and return its rows.

        Args:
            statement: one round trip, and a transaction of its own.
            values: its parameters, in their order; moments are aware.

        Raises:
            psycopg.Error: the database refused it, or did not answer.
        """
        pgconn = self.connection.pgconn
        if statement.name not in self.prepared:
            _require(pgconn, pgconn.prepare(statement.name, statement.sql, statement.oids))
            self.prepared.add(statement.name)
        encoded = [_encode(value) for value in values]
        result = pgconn.exec_prepared(statement.name, encoded, statement.formats, Format.BINARY)
        _require(pgconn, result)
        self.reader.set_pgresult(result)
        rows: list[Row] = self.reader.load_rows(0, result.ntuples, tuple)
        return rows


def _require(pgconn: Any, result: Any) -> None:
    if result.status not in FAILURES:
        return
    if pgconn.status != ConnStatus.OK:
        # The server went in mid-statement: libpq says so without an SQLSTATE.
        raise psycopg.OperationalError("the server closed the connection")
    raise error_from_result(result)


class Driver:
    """A stack of idle connections; each begins in the engine's pool, with all its settings."""

    def __init__(self, engine: Engine) -> None:
        """Start with no connection."""
        self._engine = engine
        self._idle: list[Link] = []
        self.dialect = engine.dialect.name
        event.listen(engine, "engine_disposed", lambda _engine: self.close())

    def run(
        self, work: Callable[Concatenate[Link, P], R], *arguments: P.args, **named: P.kwargs
    ) -> R:
        """Do the work on a connection on which nothing has begun, and return what it returns.

        Args:
            work: takes the connection first, and leaves nothing open on it.
            arguments: what else it takes.
            named: the same.

        Raises:
            Unavailable: the database did not answer.
        """
        try:
            link = self._take()
            try:
                result = work(link, *arguments, **named)
            except BaseException:
                link.connection.close()
                raise
        except (psycopg.OperationalError, sqlite3.OperationalError) as error:
            raise Unavailable("The database did not answer. Try again.") from error
        self._idle.append(link)
        return result

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().connection.close()

    def _take(self) -> Link:
        while True:
            try:
                link = self._idle.pop()
            except IndexError:
                return self._open()
            if link.process_id != os.getpid():
                continue  # a fork's copy: closing it would end the parent's
            if not link.is_at_its_end():
                return link
            link.connection.close()

    def _open(self) -> Link:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        if self.dialect != "postgresql":
            return Link(connection)
        connection.autocommit = True
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        return Link(connection, reader=Transformer(connection), poll=poll)
