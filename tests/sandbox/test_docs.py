"""docs/sandbox.md says what the sandbox does."""

import re

from flask import Flask

from billing.sandbox.app import CONTROLS, ROOT
from billing.sandbox.cards import LISTED
from billing.sandbox.faults import KINDS
from billing.sandbox.webhooks import MODES

TEXT = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


def control_paths() -> list[str]:
    app = Flask(__name__)
    for bp in CONTROLS:
        app.register_blueprint(bp)
    paths = [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    return [re.sub(r"<(\w+)>", r"{\1}", path) for path in paths]


def test_every_control_call_is_documented() -> None:
    documented = TEXT.replace("…/fail", "/_control/checkout/{session_id}/fail")

    assert [path for path in control_paths() if path not in documented] == []


def test_every_mode_fault_and_card_is_documented() -> None:
    names = [*MODES, *(kind for kind in KINDS if kind != "status")]

    assert [name for name in names if f"`{name}`" not in TEXT] == []
    assert [card.shown for card in LISTED if card.shown not in TEXT] == []
