"""A route of the API is declared once: what checks a call and what documents it read the same."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from pydantic import BaseModel

from billing.errors import BillingError
from billing.web.api.documents import Body, Query

View: TypeAlias = Callable[..., Any]
PATH_PARAMETER = re.compile(r"<(?:int:)?(\w+)>")


class Who(Enum):
    """Whose call it may be, and whether it is about a user."""

    ANYBODY = "anybody"
    ANY_KEY = "any_key"
    USER = "user"
    SERVICE = "service"
    SERVICE_FOR_USER = "service_for_user"

    @property
    def needs_user(self) -> bool:
        return self in {Who.USER, Who.SERVICE_FOR_USER}

    @property
    def needs_service_key(self) -> bool:
        return self in {Who.SERVICE, Who.SERVICE_FOR_USER}


class Repeat(Enum):
    """What an `Idempotency-Key` does: nothing, an answer is kept, or the service knows the key."""

    NO_KEY = "no_key"
    KEPT_ANSWER = "kept_answer"
    KNOWN_BY_SERVICE = "known_by_service"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a route asks of a call, beside its models."""

    who: Who = Who.USER
    status: int = 200
    also: tuple[int, ...] = ()
    repeat: Repeat = Repeat.NO_KEY
    raises: tuple[type[BillingError], ...] = ()
    max_body_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path: its models are those of the view's own annotations."""

    method: str
    path: str
    view: View
    rules: Rules
    body: type[Body] | None
    query: type[Query] | None
    answer: type[BaseModel]

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def path_parameters(self) -> list[str]:
        return PATH_PARAMETER.findall(self.path)

    @property
    def documentation(self) -> str:
        return inspect.getdoc(self.view) or ""


@dataclass(frozen=True, slots=True)
class Section:
    """Routes about one noun, in one module."""

    title: str
    operations: list[Operation] = field(default_factory=list)

    def get(self, path: str, **rules: Any) -> Callable[[View], View]:
        """Declare a GET, which changes nothing."""
        return self._declare("GET", path, Rules(**rules))

    def post(self, path: str, **rules: Any) -> Callable[[View], View]:
        """Declare a POST, which may be repeated under an idempotency key."""
        return self._declare("POST", path, Rules(**{"repeat": Repeat.KEPT_ANSWER, **rules}))

    def _declare(self, method: str, path: str, rules: Rules) -> Callable[[View], View]:
        def _add(view: View) -> View:
            signature = inspect.signature(view, eval_str=True)
            models = {name: each.annotation for name, each in signature.parameters.items()}
            self.operations.append(
                Operation(
                    method=method,
                    path=path,
                    view=view,
                    rules=rules,
                    body=models.get("body"),
                    query=models.get("query"),
                    answer=signature.return_annotation,
                )
            )
            return view

        return _add
