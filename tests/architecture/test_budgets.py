"""The sizes that keep the code readable; a breach is a reason to split, not to raise the number."""

from __future__ import annotations

import ast
from statistics import median, quantiles

from tests.architecture.source import Function, Module, modules, templates

MAX_POSITIONAL = 4


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _file_lengths() -> dict[str, int]:
    return {
        module.path: len(module.text.splitlines())
        for module in modules("billing")
        if module.text.strip()
    }


def _functions() -> list[tuple[Module, Function]]:
    return [(module, function) for module in modules("billing") for function in module.functions()]


def _ninth_decile(lengths: list[int]) -> float:
    return quantiles(lengths, n=10)[-1]


def test_no_file_exceeds_400_lines() -> None:
    long = {path: lines for path, lines in _file_lengths().items() if lines > 400}

    assert long == {}


def test_files_are_short() -> None:
    lengths = list(_file_lengths().values())

    assert median(lengths) <= 90
    assert _ninth_decile(lengths) <= 250


def test_no_function_exceeds_50_lines() -> None:
    long = [
        f"{module.where(function)} {function.name}: {_length(function)}"
        for module, function in _functions()
        if _length(function) > 50
    ]

    assert long == []


def test_functions_are_short() -> None:
    lengths = [_length(function) for _module, function in _functions()]

    assert median(lengths) <= 9
    assert _ninth_decile(lengths) <= 28


def test_functions_take_at_most_four_positional_arguments() -> None:
    crowded = [
        f"{module.where(function)} {function.name}"
        for module, function in _functions()
        if len(_positional(function)) > MAX_POSITIONAL
    ]

    assert crowded == []


def _positional(function: Function) -> list[ast.arg]:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return [argument for argument in arguments if argument.arg not in {"self", "cls"}]


def test_routes_translate_and_no_more() -> None:
    long = [
        f"{module.where(function)} {function.name}: {_statements(function)}"
        for module in modules("billing/blueprints")
        for function in module.functions()
        if any("route" in ast.unparse(decorator) for decorator in function.decorator_list)
        and _statements(function) > 12
    ]

    assert long == []


def _statements(function: Function) -> int:
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1


def test_templates_are_short() -> None:
    lengths = {name: len(text.splitlines()) for name, text in templates().items()}

    assert {name: lines for name, lines in lengths.items() if lines > 120} == {}
    assert median(lengths.values() or [0]) <= 40
