"""Measures the pages of a fresh `./dev run` in Chromium, as its people see them.

    ./dev run                                           # in another terminal
    .venv/bin/python -m scripts.measure_pages http://127.0.0.1:8000

Each page is opened in an empty profile, as it is and as Lighthouse does: on a phone four times as
slow, over slow 4G. Its own figures come from the browser's performance API; the time of the server
is that between the request and the first byte, over many requests on one connection.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from billing.demo.people import PASSWORD, PRO
from scripts.take_screenshots import CHROMIUM, OPTIONS

PATHS = ("/pricing", "/account", "/usage", "/account/settings")
PRESSED = {"/pricing": "label:has(#interval-year)", "/usage": "summary"}
SERVER_REQUESTS = 200
# https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md
SLOW_4G = {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
SLOW_CPU = 4
WATCH = """
window.seen = { lcp: 0, element: "", cls: 0, inp: 0 };
const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take))
  .observe({ type, buffered: true, durationThreshold: 16 });
watch("largest-contentful-paint", (entry) => {
  seen.lcp = entry.startTime;
  seen.element = entry.element?.tagName.toLowerCase() ?? "";
});
watch("layout-shift", (entry) => { seen.cls += entry.hadRecentInput ? 0 : entry.value; });
watch("event", (entry) => { seen.inp = Math.max(seen.inp, entry.duration); });
"""
READ = """
() => {
  const files = ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
  const bytes = files.reduce((sum, file) => sum + file.transferSize, 0);
  return { ...seen, files: files.length, bytes };
}
"""


@dataclass(frozen=True)
class Measures:
    """What one view of a page took; times in milliseconds."""

    path: str
    lcp: float
    element: str
    cls: float
    inp: float
    files: int
    bytes: int

    def __str__(self) -> str:
        return (
            f"{self.path:<20} LCP {self.lcp:5.0f} ms ({self.element}), CLS {self.cls:.3f}, "
            f"press {self.inp:3.0f} ms, {self.files} files, {self.bytes / 1000:5.1f} KB"
        )


def main(address: str) -> None:
    """Print the figures of each page, and the server's time for those behind the log-in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        logged_in = _log_in(browser, address)
        for title, is_slow in (("As it is", False), ("On a slow phone", True)):
            print(title)
            for path in PATHS:
                print(" ", _measure(browser, address, path, logged_in, is_slow=is_slow))
        print(f"The server, over {SERVER_REQUESTS} requests")
        for line in _server_times(browser, address, logged_in):
            print(" ", line)
        browser.close()


def _log_in(browser: Browser, address: str) -> StorageState:
    with browser.new_context(base_url=address) as context:
        tab = context.new_page()
        tab.goto("/login")
        tab.get_by_label("Email").fill(PRO.email)
        tab.get_by_label("Password", exact=True).fill(PASSWORD)
        tab.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
        tab.wait_for_url("**/account")
        return context.storage_state()


def _measure(
    browser: Browser, address: str, path: str, logged_in: StorageState, *, is_slow: bool
) -> Measures:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "is_mobile": True}
    size = phone if is_slow else {"viewport": {"width": 1280, "height": 800}}
    with browser.new_context(base_url=address, storage_state=logged_in, **size) as context:
        context.add_init_script(WATCH)
        tab = context.new_page()
        if is_slow:
            _slow_down(context, tab)
        tab.goto(path, wait_until="networkidle")
        # What a press takes is told by the browser once it has painted again.
        tab.locator(PRESSED.get(path, "summary")).first.click()
        tab.wait_for_timeout(500)
        return Measures(path, **tab.evaluate(READ))


def _slow_down(context: BrowserContext, tab: Page) -> None:
    devtools = context.new_cdp_session(tab)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", {"offline": False, **SLOW_4G})
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})


def _server_times(browser: Browser, address: str, logged_in: StorageState) -> Iterator[str]:
    with browser.new_context(base_url=address, storage_state=logged_in) as context:
        tab = context.new_page()
        for path in ("/account", "/usage"):
            times = []
            for _ in range(SERVER_REQUESTS):
                tab.goto(path, wait_until="commit")
                times.append(
                    tab.evaluate(
                        "performance.getEntriesByType('navigation')"
                        ".map((page) => page.responseStart - page.requestStart)[0]"
                    )
                )
            cuts = quantiles(times, n=20)
            yield f"{path:<20} p50 {cuts[9]:4.0f} ms, p95 {cuts[18]:4.0f} ms"


if __name__ == "__main__":
    main(*sys.argv[1:])
