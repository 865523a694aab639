"""A schema-driven fuzzer against the API: no 500, and nothing that the document does not say."""

from __future__ import annotations

from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import ApiClient

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 6


def test_fuzzer_finds_nothing(app: Flask, host: ApiClient, caller: ApiClient) -> None:
    host.post("/users", {"external_id": "u-1", "email": "una@example.test"})
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    found = list(schema.get_all_operations())
    operations = [each.ok() for each in found if isinstance(each, Ok)]

    for operation in operations:
        for key in (host.key, caller.key):
            _fuzz(operation, key)
    assert len(operations) == len(found) > 15


def _fuzz(operation: Any, key: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def _call(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

    _call()
