"""What a browser makes of the headers: a planted script does not run, no frame shows us (H2)."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from billing.settings import Settings
from tests import states

PLANT = """() => {
  const script = document.createElement("script");
  script.textContent = "window.planted = true";
  document.body.append(script);
  document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.planted = true'>");
}"""
BLOCKED = "() => window.refusals && window.refusals.length >= 2"
WATCH = """
window.refusals = [];
document.addEventListener("securitypolicyviolation", (refusal) =>
  window.refusals.push(refusal.violatedDirective));
"""


@pytest.mark.one_database
def test_planted_script_does_not_run_and_no_frame_shows_us(
    live_app: Flask, browser: Browser, settings: Settings
) -> None:
    states.catalog_at_stripe()
    with browser.new_context(base_url=settings.base_url) as context:
        tab = context.new_page()
        tab.add_init_script(WATCH)
        tab.goto("/pricing")
        tab.evaluate(PLANT)
        tab.wait_for_function(BLOCKED)

        refusals, planted = tab.evaluate("() => [window.refusals, window.planted]")
        stranger = context.new_page()
        stranger.set_content(f'<iframe src="{settings.base_url}/pricing"></iframe>')
        frame = stranger.frames[-1]
        frame.wait_for_load_state()

        assert planted is None
        assert {each.partition("-")[0] for each in refusals} == {"script"}
        assert frame.url.startswith("chrome-error:")
        assert frame.get_by_role("heading", name="Pricing").count() == 0
