"""Static files: the CSS and JS files of `static/` as one each, under addresses that never change.

A page of CSS per component is pleasant to work on, and one request is pleasant to wait for: at the
first use the files are joined, hashed and compressed once, and then served from memory for a year.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request, url_for

from billing.settings import PROJECT_ROOT

STATIC_ROOT = PROJECT_ROOT / "static"
ONE_YEAR_SECONDS = 31_536_000
FONT_ADDRESS = re.compile(r"\.\./(fonts/[\w.-]+)")

bp = Blueprint("assets", __name__)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served."""

    name: str
    body: bytes
    compressed: bytes | None
    fingerprint: str

    @property
    def mimetype(self) -> str:
        guess, _ = mimetypes.guess_type(self.name)
        return guess or "application/octet-stream"


def init_app(app: Flask) -> None:
    """Serve the assets and give the templates `asset_url`."""
    mimetypes.add_type("font/woff2", ".woff2")
    app.register_blueprint(bp)
    app.jinja_env.globals["asset_url"] = asset_url
    if app.debug:
        app.before_request(all_assets.cache_clear)


def asset_url(name: str) -> str:
    """Return the address of `app.css`, `app.js` or a file such as `fonts/….woff2`."""
    return url_for("assets.show", fingerprint=all_assets()[name].fingerprint, name=name)


@bp.get("/assets/<fingerprint>/<path:name>")
def show(fingerprint: str, name: str) -> Response:
    asset = all_assets().get(name)
    if asset is None:
        abort(404)
    response = Response(asset.body, mimetype=asset.mimetype)
    if asset.compressed is not None:
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"]:
            response.set_data(asset.compressed)
            response.content_encoding = "gzip"
    response.set_etag(asset.fingerprint)
    _keep(response, is_current=fingerprint == asset.fingerprint)
    response.make_conditional(request)
    return response


def _keep(response: Response, *, is_current: bool) -> None:
    response.cache_control.public = True
    if is_current:
        response.cache_control.max_age = ONE_YEAR_SECONDS
        response.cache_control.immutable = True
    else:
        # A page from before a deploy asks for its old style: it gets the new one, and asks again.
        response.cache_control.no_cache = True


@cache
def all_assets() -> dict[str, Asset]:
    """Return every asset by its name."""
    fonts = [_asset(f"fonts/{path.name}", path.read_bytes()) for path in _files("fonts", "*.woff2")]
    script = b"\n".join(path.read_bytes() for path in _files("js", "*.js"))
    assets = {asset.name: asset for asset in [*fonts, _asset("app.js", script)]}
    desk = set(_files("css/admin", "*.css"))
    # fonts.css names the order of the layers, so it must come first; between the rest it decides.
    pages = [STATIC_ROOT / "css" / "fonts.css", *_files("css", "**/*.css")]
    styles = {
        "app.css": [path for path in dict.fromkeys(pages) if path not in desk],
        # Only admins meet it: a customer's first page is lighter without.
        "admin.css": sorted(desk),
    }
    return assets | {name: _asset(name, _style(paths, assets)) for name, paths in styles.items()}


def _style(paths: list[Path], fonts: dict[str, Asset]) -> bytes:
    text = "\n".join(path.read_text("utf-8") for path in paths)
    return FONT_ADDRESS.sub(lambda match: _beside(fonts[match[1]]), text).encode()


def _beside(font: Asset) -> str:
    # Relative to /assets/<fingerprint>/app.css, so it also holds where the app has a prefix.
    return f"../{font.fingerprint}/{font.name}"


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted((STATIC_ROOT / folder).glob(pattern))


def _asset(name: str, body: bytes) -> Asset:
    compressed = None if name.endswith(".woff2") else gzip.compress(body, 9, mtime=0)
    return Asset(name, body, compressed, hashlib.sha256(body).hexdigest()[:12])
