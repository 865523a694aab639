"""Each room keeps to its own: what import contracts cannot see."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import Function, Module, modules, names_in

NUMBERS_ARE_INTEGERS = ("billing/domain", "billing/models", "billing/services")
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}


def test_only_the_database_module_commits() -> None:
    commits = [
        module.where(node)
        for module in modules("billing")
        if module.path != "billing/database.py" and not module.path.startswith("billing/sandbox/")
        for node, name in names_in(module.tree)
        if name.endswith(".commit")
    ]

    assert commits == []


def test_only_settings_read_the_environment() -> None:
    readers = [
        module.where(node)
        for module in modules("billing", "migrations")
        if module.path != "billing/settings.py"
        for node, name in names_in(module.tree)
        if name in {"os.environ", "os.getenv", "os.environb"}
    ]

    assert readers == []


def test_only_the_clock_module_reads_the_clock() -> None:
    readers = [
        module.where(node)
        for module in modules("billing")
        if module.path != "billing/clock.py" and not module.path.startswith("billing/sandbox/")
        for node, name in names_in(module.tree)
        if name in {"datetime.now", "datetime.utcnow", "date.today", "time.time"}
    ]

    assert readers == []


def test_only_the_demo_sets_the_clock_back() -> None:
    setters = [
        module.where(node)
        for module in modules("billing")
        if not module.path.startswith("billing/demo/")
        for node, name in names_in(module.tree)
        if name == "clock.set_back"
    ]

    assert setters == []


@pytest.mark.parametrize("room", NUMBERS_ARE_INTEGERS)
def test_money_and_tokens_are_never_floats(room: str) -> None:
    floats = [where for module in modules(room) for where in _floats(module)]

    assert floats == []


def _floats(module: Module) -> list[str]:
    literals = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    names = [node for node, name in names_in(module.tree) if name in {"float", "round"}]
    return [module.where(node) for node in (*literals, *names)]


def test_blueprints_leave_forms_to_the_web_layer() -> None:
    readers = [
        module.where(node)
        for module in modules("billing/blueprints")
        for node, name in names_in(module.tree)
        if name in {"request.form", "request.values"}
    ]

    assert readers == []


def test_blueprints_leave_sql_to_services() -> None:
    readers = [
        module.where(node)
        for module in modules("billing/blueprints", "billing/web")
        for node, name in names_in(module.tree)
        if name in {"db.session", "select", "sqlalchemy.select"}
    ]

    assert readers == []


def test_no_file_is_named_after_nothing() -> None:
    found = [
        module.path
        for module in modules("billing", "tests", "scripts", "bench")
        if module.path.rsplit("/", 1)[-1].removesuffix(".py") in BANNED_NAMES
    ]

    assert found == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        module.path
        for module in modules("billing", "tests", "migrations", "scripts")
        if module.text.strip() and not ast.get_docstring(module.tree)
    ]

    assert silent == []


@pytest.mark.parametrize("room", ["billing/services", "billing/gateway"])
def test_public_functions_of_the_shared_rooms_have_docstrings(room: str) -> None:
    silent = [
        f"{module.where(function)} {function.name}"
        for module in modules(room)
        for function in module.functions()
        if _is_public(function) and not ast.get_docstring(function)
    ]

    assert silent == []


def _is_public(function: Function) -> bool:
    decorators = {ast.unparse(decorator) for decorator in function.decorator_list}
    # A property is named like what it is.
    return not function.name.startswith("_") and decorators.isdisjoint({"property", "overload"})
