"""The driver's own connections: what is said when the database goes."""

from __future__ import annotations

import os
import socket

import pytest
from flask import Flask

from billing.database import driver
from billing.driver import Link, Prepared, Row
from billing.errors import Unavailable

ONE = Prepared("one", "SELECT 1::bigint")


def cut_and_ask(link: Link) -> list[Row]:
    """Ask over a connection that is cut under the question, as by a server that was killed."""
    with socket.socket(fileno=os.dup(link.connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)
    return link.find_rows(ONE)


@pytest.mark.postgresql
def test_a_server_that_goes_under_a_statement_is_unavailable(app: Flask) -> None:
    with pytest.raises(Unavailable):
        driver().run(cut_and_ask)

    assert [(1,)] == driver().run(Link.find_rows, ONE)
