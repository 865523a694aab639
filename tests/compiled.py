"""What a run compiles once, though each test has its own app: templates, statements, routes."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from werkzeug.routing import Rule

from billing.database import db

UrlBuilder = Callable[..., tuple[str, str]]


class CompiledTemplates(BytecodeCache):
    """Keeps the code of each template for as long as its source stays the same."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = CompiledTemplates()
FIRST_ENGINES: dict[str, Engine] = {}


def share_compiled(app: Flask) -> None:
    """Let the app use what earlier apps of this process have compiled.

    SQLAlchemy keeps a compiled statement by the dialect that it was compiled for, and every engine
    makes a dialect of its own; here all engines of one kind go by the first one's.
    """
    app.jinja_env.bytecode_cache = TEMPLATES
    with app.app_context():
        engine = db.engine
    first = FIRST_ENGINES.get(engine.dialect.name)
    if first is None:
        # A dialect is complete once it has seen its server.
        engine.connect().close()
        FIRST_ENGINES[engine.dialect.name] = engine
        return
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache


def share_url_builders() -> None:
    """Let the routes of every app build their URLs by the code that the first app's compiled.

    Werkzeug compiles two functions a route: the better part of what an app takes to start.
    """
    compile_builder: Callable[[Rule, bool], UrlBuilder] = Rule._compile_builder
    builders: dict[tuple[str, str, str, bool], UrlBuilder] = {}

    def shared(rule: Rule, append_unknown: bool = True) -> UrlBuilder:
        # All that the code depends on; converters are looked up when it runs.
        key = (rule.rule, repr(rule._trace), repr(rule.defaults), append_unknown)
        if key not in builders:
            builders[key] = compile_builder(rule, append_unknown)
        return builders[key]

    Rule._compile_builder = shared  # type: ignore[assignment, method-assign]
