"""Lists as Stripe pages them: newest first, cursors by id, filters by field and by `created`."""

from collections.abc import Callable
from typing import Any

from billing.sandbox.contract import Json
from billing.sandbox.errors import invalid, no_such
from billing.sandbox.unit import Unit

DEFAULT_LIMIT, MAX_LIMIT = 10, 100
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Query:
    """A list call: SQL conditions over the bodies of one kind, and the page that was asked for."""

    def __init__(self, unit: Unit, kind: str, params: Json) -> None:
        self._unit, self._kind, self._params = unit, kind, params
        self._where: list[str] = []
        self._values: list[Any] = []

    def equal(self, **fields: str) -> "Query":
        """Compare body fields (`payment.payment_intent` as `payment__payment_intent`) with
        parameters of these names, where they were given."""
        for path, name in fields.items():
            if self._params.get(name) is not None:
                self.where(f"{_field(path)} = ?", self._params[name])
        return self

    def ranged(self, *names: str) -> "Query":
        """`created=1700000000` or `created[gte]=…`."""
        for name in names:
            wanted = self._params.get(name)
            if isinstance(wanted, int):
                self.where(f"{_field(name)} = ?", wanted)
            for operator, bound in (wanted or {}).items() if isinstance(wanted, dict) else ():
                self.where(f"{_field(name)} {_COMPARE[operator]} ?", bound)
        return self

    def one_of(self, path: str, values: list[str] | None) -> "Query":
        if values:
            self.where(f"{_field(path)} IN ({', '.join('?' * len(values))})", *values)
        return self

    def where(self, condition: str, *values: Any) -> "Query":
        self._where.append(condition)
        self._values += values
        return self

    def page(self, url: str, finish: Callable[[Json], Json] = lambda body: body) -> Json:
        """The page as a list object; `finish` completes each body."""
        limit, backwards = self._limit(), "ending_before" in self._params
        self._cursor()
        order = "ASC" if backwards else "DESC"
        found = self._unit.objects.select(
            self._kind, self._where, self._values, order=order, limit=limit + 1
        )
        page = found[:limit]
        if backwards:
            page.reverse()
        return listed([finish(body) for body in page], url, has_more=len(found) > limit)

    def _limit(self) -> int:
        limit = int(self._params.get("limit", DEFAULT_LIMIT))
        if limit < 1:
            raise invalid("This value must be greater than or equal to 1.", "limit",
                          "parameter_invalid_integer")  # fmt: skip
        if limit > MAX_LIMIT:
            raise invalid("This value must be less than or equal to 100 (limit).", "limit",
                          "parameter_invalid_integer")  # fmt: skip
        return limit

    def _cursor(self) -> None:
        given = [name for name in ("starting_after", "ending_before") if name in self._params]
        if len(given) > 1:
            raise invalid("You cannot parameterize both starting_after and ending_before.",
                          "starting_after")  # fmt: skip
        for name in given:
            position = self._unit.objects.position(self._params[name])
            if position is None:
                raise no_such(self._kind, self._params[name], param=name, status=400)
            self.where(f"seq {'<' if name == 'starting_after' else '>'} ?", position)


def _field(path: str) -> str:
    return f"json_extract(body, '$.{path.replace('__', '.')}')"


def listed(data: list[Json], url: str, *, has_more: bool = False) -> Json:
    """A list object."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}
