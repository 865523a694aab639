#!/usr/bin/env python3
"""Read the code of billing/ and find what its logs would miss, or say too much of.

    python scripts/audit_billing_logging.py           # writes docs/BILLING_LOGGING_AUDIT.md
    python scripts/audit_billing_logging.py --check   # only says what it found

Exits with 1 where there is a finding. Nothing is imported or run.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "docs" / "BILLING_LOGGING_AUDIT.md"

LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
LOGGERS = {"log", "logger", "logging"}
BROAD = {"Exception", "BaseException"}
# Who catches one of these has lost a file, a line or a database: that is never an answer by itself.
INFRASTRUCTURE = {
    *("OSError", "IOError", "ConnectionError", "TimeoutError", "HTTPException", "URLError"),
    *("SQLAlchemyError", "DatabaseError", "OperationalError", "DBAPIError", "StripeError"),
}
WRITERS = {"print", "pprint", "pprint.pprint", "sys.stdout.write", "sys.stderr.write"}
OUTPUT = {
    "cli/": "commands print their result",
    "demo/": "prints its addresses and log-ins",
    "observability/logging.py": "is where log lines leave the process",
    "web/mail_transport.py": "MAIL_URL=console: writes e-mails to the terminal",
}
# Parts of names whose value nobody may read in a log. A bare "token" is no part of it: tokens are
# what is sold here, and each secret kind of token has a name of its own.
SENSITIVE = re.compile(
    r"(^|_)(password|passwd|passphrase|secret|secrets|api_key|raw_key|secret_key|private_key"
    r"|signature|authorization|cookie|cookies|card_number|cvc|cvv|pan|iban|email|to_address"
    r"|(access|refresh|reset|session|csrf|bearer|login|link|metrics|auth)_token"
    r"|payload|headers|raw_body|stripe_key|webhook_secret)$"
)
REQUEST_PARTS = {"request.form", "request.args", "request.values", "request.json"}
# What stands behind a name and makes it harmless.
HARMLESS_CALLS = {"len", "bool", "type", "isinstance"}
SECRET_TEXT = re.compile(r"\b(sk|rk)_(live|test)_\w{4,}|\bwhsec_\w{8,}|\b[bt]k_[a-z0-9]{8}_\w{20,}")

PAGE = """\
# Audit of the logging

Written by `python scripts/audit_billing_logging.py`, which reads every Python file of `billing/`
and exits with 1 where it finds something. `./dev check` runs it.

## Findings

{findings}

## What is a finding

- **silent handler**: an `except`, or a `suppress`, after which nobody knows. It has to raise, to
  log, to call what does, or to answer its caller with a value made there. An empty answer (`None`,
  `False`, `[]`) has to be promised: by `-> bool`, by `-> … | None`, or by a comment that says why.
  A lost file, connection or database is no answer by itself: it takes a comment.
- **broad except**: `Exception`, `BaseException` or nothing named, and not raised again; unless it
  logs the traceback and a comment says why the rest must go on.
- **sensitive value**: a password, key, signature, address, cookie, card or payload in a log call,
  by the name of the field or of the value, or a secret's shape in the text. The word *token* is
  none: tokens are what is sold here. Redaction, where lines leave the process, is a second fence.
- **print**: output beside the logs, except where output is the purpose:
{output}

## What was read

{files} files.

| exception handlers that | |
|---|---|
{handlers}

| log calls at level | |
|---|---|
{log_calls}
"""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Finding:
    """One place that breaks a rule, and why that matters."""

    path: str
    line: int
    rule: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.why}"


@dataclass
class Audit:
    """What was read: findings, and how what is right comes to be right."""

    files: int = 0
    handlers: Counter[str] = field(default_factory=Counter)
    log_calls: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


class Source:
    """One file, with what its tree does not hold: comments, and who encloses what."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.tree = ast.parse(text)
        tokens = tokenize.generate_tokens(StringIO(text).readline)
        self.comments = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
        self.functions = [node for node in ast.walk(self.tree) if isinstance(node, Function)]
        self.telling = self._telling()

    def _telling(self) -> set[str]:
        """Return the functions of this file that log or raise, by themselves or by another."""
        telling = {each.name for each in self.functions if _logs(each) or _raises(each)}
        while True:
            more = {each.name for each in self.functions if _called(each) & telling} - telling
            if not more:
                return telling
            telling |= more

    def enclosing(self, node: ast.AST) -> Function | None:
        """Return the innermost function around the node."""
        around = [each for each in self.functions if node in set(ast.walk(each))]
        return max(around, key=lambda each: each.lineno, default=None)

    def is_explained(self, node: ast.ExceptHandler | ast.With) -> bool:
        """Return whether a comment stands at the node, in it, or on the line above."""
        last = node.body[-1].end_lineno or node.lineno
        return any(line in self.comments for line in range(node.lineno - 1, last + 1))


def audit(folder: Path) -> Audit:
    """Read every Python file below the folder."""
    result = Audit()
    for path in sorted(folder.rglob("*.py")):
        inner = path.relative_to(folder).as_posix()
        source = Source(f"{folder.name}/{inner}", path.read_text(encoding="utf-8"))
        result.files += 1
        _read_handlers(source, result)
        _read_suppressions(source, result)
        _read_log_calls(source, result)
        if not inner.startswith(tuple(OUTPUT)):
            _read_output(source, result)
    result.findings.sort()
    return result


# Exception handlers.


def _read_handlers(source: Source, result: Audit) -> None:
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        kind, problem = _judge(source, node)
        result.handlers[kind] += 1
        if problem is not None:
            result.findings.append(Finding(source.name, node.lineno, *problem))


def _judge(source: Source, node: ast.ExceptHandler) -> tuple[str, tuple[str, str] | None]:
    """Return what kind of handler it is, and what is wrong with it."""
    names = _caught(node)
    if not names or names & BROAD:
        return "catch everything", _judge_broad(source, node)
    if _raises(node):
        return "raise", None
    if _logs(node) or _called(node) & source.telling:
        return "log", None
    caught = ", ".join(sorted(names))
    if source.is_explained(node):
        return "answer, and say why", None
    if names & INFRASTRUCTURE:
        return "silent", ("silent handler", f"{caught} is neither logged nor raised again")
    if _is_answered(source, node):
        return "answer", None
    return "silent", ("silent handler", f"{caught} vanishes: log it, raise, or say why not")


def _judge_broad(source: Source, node: ast.ExceptHandler) -> tuple[str, str] | None:
    if any(isinstance(each, ast.Raise) and each.exc is None for each in _own(node)):
        return None
    if _logs(node, with_traceback=True) and source.is_explained(node):
        return None
    return (
        "broad except",
        "it takes every error for an expected one: name the errors, or log.exception and say why",
    )


def _caught(node: ast.ExceptHandler) -> set[str]:
    if node.type is None:
        return set()
    types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return {ast.unparse(each).rpartition(".")[2] for each in types}


def _is_answered(source: Source, node: ast.ExceptHandler) -> bool:
    """Return whether somebody is told: a value made here, or a default that is promised."""
    answers = [_answer(statement) for statement in node.body]
    if any(answer is not None and not _is_empty(answer) for answer in answers):
        return True
    function = source.enclosing(node)
    if function is None or function.returns is None:
        return False
    promised = ast.unparse(function.returns)
    gives_none = any(answer is not None and ast.unparse(answer) == "None" for answer in answers)
    return promised == "bool" or (promised.endswith("| None") and gives_none)


def _answer(statement: ast.stmt) -> ast.expr | None:
    match statement:
        case ast.Return(value=value) | ast.Assign(value=value) | ast.AugAssign(value=value):
            return value
        case ast.Expr(value=ast.Call() | ast.Yield() as value):
            return value
        case ast.With() | ast.If():
            return next(filter(None, map(_answer, statement.body)), None)
    return None


def _is_empty(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return not value.value
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return all(map(_is_empty, value.elts))
    return isinstance(value, ast.Dict) and not value.keys


def _read_suppressions(source: Source, result: Audit) -> None:
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.With):
            continue
        for call in (item.context_expr for item in node.items):
            if not (isinstance(call, ast.Call) and _name(call).endswith("suppress")):
                continue
            result.handlers["suppress"] += 1
            names = {ast.unparse(each).rpartition(".")[2] for each in call.args}
            if names & BROAD or (names & INFRASTRUCTURE and not source.is_explained(node)):
                why = f"{', '.join(sorted(names))} vanishes: narrow it, or say why"
                result.findings.append(Finding(source.name, node.lineno, "silent handler", why))


# Log calls and prints.


def _read_log_calls(source: Source, result: Audit) -> None:
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and _is_log_call(node)):
            continue
        result.log_calls[_name(node).rpartition(".")[2]] += 1
        for said in sorted(set(_sensitive(node))):
            why = f"{said} must not reach a log: leave it out, or name it by its id"
            result.findings.append(Finding(source.name, node.lineno, "sensitive value", why))


def _sensitive(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg and SENSITIVE.search(keyword.arg):
            yield keyword.arg
    for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
        yield from _sensitive_names(value)


def _sensitive_names(value: ast.AST) -> Iterator[str]:
    if isinstance(value, ast.Call) and _name(value) in HARMLESS_CALLS:
        return
    if isinstance(value, ast.Constant):
        if SECRET_TEXT.search(str(value.value)):
            yield "a secret in the text"
    elif isinstance(value, ast.Attribute | ast.Name):
        if _is_named_secret(value):
            yield ast.unparse(value)
    else:
        for child in ast.iter_child_nodes(value):
            yield from _sensitive_names(child)


def _is_named_secret(value: ast.Attribute | ast.Name) -> bool:
    name = ast.unparse(value)
    return bool(SENSITIVE.search(name.rpartition(".")[2])) or name in REQUEST_PARTS


def _read_output(source: Source, result: Audit) -> None:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _name(node) in WRITERS:
            why = f"{_name(node)} is no log: it has no level, no request id and no redaction"
            result.findings.append(Finding(source.name, node.lineno, "print", why))


# What a piece of code does by itself; what it only defines is not done by it.


def _own(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef):
            yield from _own(child)


def _raises(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Raise) for each in _own(node))


def _logs(node: ast.AST, *, with_traceback: bool = False) -> bool:
    calls = [each for each in _own(node) if isinstance(each, ast.Call) and _is_log_call(each)]
    return any(not with_traceback or _has_traceback(each) for each in calls)


def _has_traceback(call: ast.Call) -> bool:
    has_info = any(keyword.arg == "exc_info" for keyword in call.keywords)
    return has_info or _name(call).endswith(".exception")


def _called(node: ast.AST) -> set[str]:
    return {_name(each).rpartition(".")[2] for each in _own(node) if isinstance(each, ast.Call)}


def _is_log_call(call: ast.Call) -> bool:
    owner, _, method = _name(call).rpartition(".")
    return owner in LOGGERS and method in LEVELS


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func)


# The report.


def report(result: Audit) -> str:
    """Return the audit as a page of the documentation."""
    found = [f"- `{each.path}:{each.line}` {each.rule}: {each.why}" for each in result.findings]
    return PAGE.format(
        findings="\n".join(found or ["None."]),
        output="\n".join(f"  - `billing/{place}` {why}" for place, why in OUTPUT.items()),
        files=result.files,
        handlers=_rows(result.handlers),
        log_calls=_rows(result.log_calls),
    )


def _rows(numbers: Counter[str]) -> str:
    return "\n".join(f"| {name} | {number} |" for name, number in sorted(numbers.items()))


def main(arguments: list[str] | None = None) -> int:
    """Audit, say what was found, and write the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "billing")
    parser.add_argument("--check", action="store_true", help="write no report")
    parser.add_argument("--report", type=Path, default=REPORT, help="where the report goes")
    options = parser.parse_args(arguments)
    result = audit(options.folder.resolve())
    for finding in result.findings:
        print(finding)
    if not options.check:
        options.report.write_text(report(result), encoding="utf-8")
    print(f"{len(result.findings)} findings in {result.files} files.")
    return 1 if result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
