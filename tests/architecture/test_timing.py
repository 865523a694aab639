"""Every verb of the services is timed."""

from __future__ import annotations

import ast

from tests.architecture.source import Function, modules

TIMED = "log_service_operation"


def _is_generator(function: Function) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


def _owns_transaction(function: Function) -> bool:
    return any(
        isinstance(node, ast.With)
        and any(ast.unparse(item.context_expr) == "transaction()" for item in node.items)
        for node in ast.walk(function)
    )


def _reaches_stripe(function: Function) -> bool:
    return "gateway" in {
        argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]
    }


def test_what_opens_a_transaction_or_reaches_stripe_is_timed() -> None:
    """A generator is the work of whoever walks it: its call takes no time."""
    untimed = [
        f"{module.where(node)} {node.name}: decorate it with @{TIMED}"
        for module in modules("billing/services")
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and not _is_generator(node)
        and (_owns_transaction(node) or _reaches_stripe(node))
        and TIMED not in {ast.unparse(decorator) for decorator in node.decorator_list}
    ]

    assert untimed == []
