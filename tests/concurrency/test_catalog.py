"""Two operators load a catalog at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

from flask import Flask

from billing.database import db
from billing.domain.catalog import CatalogDocument
from billing.domain.catalog_file import parse
from billing.services import catalog
from tests.factories import DEMO_CATALOG, demo_catalog

OPERATORS = 4
DEMO = parse(DEMO_CATALOG.read_bytes())


def apply_together(app: Flask, document: CatalogDocument) -> list[int]:
    """Apply the document in several threads at once; returns how many changes each made."""
    start = Barrier(OPERATORS)

    def apply(_number: int) -> int:
        with app.app_context():
            start.wait()
            changes = len(catalog.apply(document, actor="test"))
            db.session.remove()
            return changes

    with ThreadPoolExecutor(OPERATORS) as pool:
        return sorted(pool.map(apply, range(OPERATORS)))


def test_the_first_catalog_is_loaded_once(app: Flask) -> None:
    changes = apply_together(app, DEMO)

    assert changes == [0, 0, 0, len(DEMO.features) + len(DEMO.tiers) + len(DEMO.packages)]
    assert len(catalog.list_tiers()) == 4


def test_a_change_makes_one_version(app: Flask) -> None:
    demo_catalog()
    tiers = {**DEMO.tiers, "pro": replace(DEMO.tiers["pro"], price_month=5900)}

    changes = apply_together(app, replace(DEMO, tiers=tiers))

    assert changes == [0, 0, 0, 1]
    assert [version.version for version in catalog.get_tier("pro").versions] == [1, 2]
