"""What Stripe accepts and answers, as generated into contract.json from the stripe library."""

import copy
import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

PATH = Path(__file__).with_name("contract.json")


class Contract:
    """The routes, parameter types and object shapes of the API version that we speak."""

    def __init__(self, content: Json) -> None:
        self._content = content
        self.api_version: str = content["versions"]["api"]
        self.event_types = frozenset(content["events"])

    @classmethod
    def load(cls) -> "Contract":
        return cls(json.loads(PATH.read_text(encoding="utf-8")))

    def route(self, key: str) -> Json:
        """What "POST /v1/customers" takes and answers."""
        found: Json = self._content["routes"][key]
        return found

    def fields(self, type_name: str) -> Json:
        """The parameters of one hash: `fields` (name to type) and the `required` names."""
        found: Json = self._content["types"][type_name]
        return found

    def blank(self, kind: str) -> Json:
        """A new object of that kind with every field that Stripe always sends."""
        return copy.deepcopy(self._content["objects"][kind])

    def expandable(self, kind: str) -> Json:
        """Field to where it leads, for the fields that can be expanded."""
        found: Json = self._content["expandable"].get(kind, {})
        return found
