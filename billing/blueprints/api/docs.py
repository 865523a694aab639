"""The API's description: for programs as OpenAPI, for people as a page."""

from functools import cache
from typing import Any

from flask import Blueprint, current_app, jsonify, render_template, request
from werkzeug.wrappers import Response

from billing.settings import Settings
from billing.web.api import openapi
from billing.web.api.reference import list_sections, marked


def register(bp: Blueprint, sections: list[Any]) -> None:
    """Serve both; neither needs a key."""

    @cache
    def _document(title: str, server_url: str) -> dict[str, Any]:
        return openapi.describe(sections, title=title, server_url=server_url)

    def document() -> dict[str, Any]:
        settings: Settings = current_app.extensions["billing_settings"]
        base_url = f"{settings.base_url}{request.script_root}{bp.url_prefix}"
        return _document(f"{settings.app_name} API", base_url)

    @bp.get("/openapi.json")
    def openapi_document() -> Response:
        return jsonify(document())

    @bp.get("/docs")
    def docs() -> str:
        described = document()
        return render_template(
            "api/docs.html",
            info=described["info"],
            sections=list_sections(described),
            marked=marked,
        )
