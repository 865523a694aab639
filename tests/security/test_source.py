"""What stands in the tree: no fetch but of our own, no secret, a bill of materials (H14, O3)."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from tests.architecture.source import ROOT, committed_files, modules
from tests.architecture.test_requirements import PIN

# Stripe by its own library in the gateway, the host's address, and the demo's own health check.
MAY_CONNECT = {
    "billing/web/host_endpoint.py",
    "billing/web/mail_transport.py",
    "billing/demo/__main__.py",
    "billing/demo/processes.py",
    "billing/demo/sandbox.py",
}
CONNECTS = {"http.client", "urllib.request", "requests", "httpx", "socket", "smtplib", "aiohttp"}
IMPORT = re.compile(r"^\s*(?:import|from) ([\w.]+)", re.MULTILINE)


def test_nothing_fetches_an_address_that_people_gave() -> None:
    found = {
        module.path
        for module in modules("billing")
        if not module.path.startswith("billing/sandbox/")
        and CONNECTS & set(IMPORT.findall(module.text))
    }

    assert found - MAY_CONNECT == set()


def test_the_bill_of_materials_is_the_lock() -> None:
    made = subprocess.run(
        [sys.executable, "dev", "sbom"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    listed = json.loads(made.stdout)["components"]
    locked = PIN.finditer((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    assert {(pin["name"], pin["version"]) for pin in locked} == {
        (each["name"], each["version"]) for each in listed
    }
    sources = [source for each in listed for source in each["externalReferences"]]
    assert all(source["hashes"] for source in sources)


def test_no_file_names_a_password() -> None:
    """Passwords of databases come from the environment, in every file that starts something."""
    literal = re.compile(r"(?:PASSWORD|SECRET_KEY)\s*[:=]\s*[\"']?[A-Za-z0-9/+]{8,}", re.IGNORECASE)
    started = [
        path
        for path in committed_files()
        if path.suffix in {".yaml", ".yml", ".env", ".conf"} or path.name == "Dockerfile"
    ]

    assert [str(p) for p in started if literal.search(p.read_text(encoding="utf-8"))] == []
